//! A record as Rust: what names its columns, gives their values and takes them back.
//!
//! Every path is written out from the root, and every local name is the macro's own: what the struct's module calls
//! `Result` or `Option` is no matter.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::spanned::Spanned as _;

use crate::{
    attribute::Storage,
    policy,
    record::{Column, Record, ValueType},
};

/// The implementation of `tenantseal::field::Record`.
pub(crate) fn expand(record: &Record) -> TokenStream {
    let own = Span::mixed_site();
    let Record { ident, table, id, skipped, columns } = record;
    let shapes: Vec<_> =
        (0..columns.len()).map(|number| format_ident!("SHAPE_{number}", span = own)).collect();
    let definitions = shapes.iter().zip(columns).map(|(name, column)| shape(name, table, column));
    let values = columns.iter().map(value);
    let idents = columns.iter().map(|column| &column.ident);
    let reads = shapes.iter().zip(columns).map(|(shape, column)| {
        // At the field's type, which the message is about if it has no such values.
        let (span, ty) = (column.ty.span().resolved_at(own), &column.ty);
        quote_spanned!(span=> ::tenantseal::field::record_parts::OpenRow::read::<#ty>(row, &#shape)?)
    });
    let (id_type, id_of, id_field) = match id {
        Some((ident, ty)) => {
            (quote_spanned!(own=> #ty), quote_spanned!(own=> &self.#ident), quote_spanned!(own=> #ident: id,))
        }
        None => (quote_spanned!(own=> ()), quote_spanned!(own=> &()), TokenStream::new()),
    };
    let id_name = if id.is_some() { quote_spanned!(own=> id) } else { quote_spanned!(own=> ()) };
    quote_spanned! {own=>
        const _: () = {
            #(#definitions)*

            #[automatically_derived]
            impl ::tenantseal::field::Record for #ident {
                type Id = #id_type;

                const TABLE: &'static ::core::primitive::str = #table;
                const SHAPES: &'static [::tenantseal::field::record_parts::Shape] = &[#(#shapes),*];

                fn row_id(&self) -> &Self::Id {
                    #id_of
                }

                fn values(
                    &self,
                ) -> ::std::vec::Vec<::core::option::Option<::tenantseal::field::Value<'_>>> {
                    <[_]>::into_vec(::std::boxed::Box::new([#(#values),*]))
                }

                fn of_row(
                    #id_name: Self::Id,
                    row: &::tenantseal::field::record_parts::OpenRow<'_>,
                ) -> ::core::result::Result<Self, ::tenantseal::field::RecordError> {
                    ::core::result::Result::Ok(Self {
                        #id_field
                        #(#idents: #reads,)*
                        #(#skipped: ::core::default::Default::default(),)*
                    })
                }
            }
        };
    }
}

fn shape(name: &syn::Ident, table: &str, column: &Column) -> TokenStream {
    let own = Span::mixed_site();
    let (label, rule) = (format!("{table}.{}", column.label), policy::entry(table, column));
    let (column_label, is_sealed) = (&column.label, column.storage != Storage::Plain);
    let value_type = variant(column.value_type);
    quote_spanned! {own=>
        const #name: ::tenantseal::field::record_parts::Shape = ::tenantseal::field::record_parts::Shape {
            column: #column_label,
            is_sealed: #is_sealed,
            label: #label,
            rule: #rule,
            value_type: #value_type,
        };
    }
}

fn value(column: &Column) -> TokenStream {
    let span = column.ty.span().resolved_at(Span::mixed_site());
    let (ident, ty, value_type) = (&column.ident, &column.ty, variant(column.value_type));
    quote_spanned! {span=>
        <#ty as ::tenantseal::field::record_parts::FieldValue>::to_value(&self.#ident, #value_type)
    }
}

fn variant(value_type: ValueType) -> TokenStream {
    let variant = match value_type {
        ValueType::Bool => "Bool",
        ValueType::Bytes => "Bytes",
        ValueType::Date => "Date",
        ValueType::Decimal => "Decimal",
        ValueType::F64 => "F64",
        ValueType::I64 => "I64",
        ValueType::Json => "Json",
        ValueType::Text => "Text",
        ValueType::Timestamp => "Timestamp",
    };
    let variant = format_ident!("{variant}", span = Span::mixed_site());
    quote_spanned!(Span::mixed_site()=> ::tenantseal::tenant::policy::ValueType::#variant)
}
