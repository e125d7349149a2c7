//! What a struct says, checked as far as it can be seen from one struct.

use syn::{
    Data, DeriveInput, Error, Field, Fields, GenericArgument, Ident, PathArguments, Result, Type,
    ext::IdentExt as _, spanned::Spanned as _,
};

use crate::attribute::{
    self, Attributes, Bind, Index, IndexKind, Mask, Padding, Storage, Written,
    syntax::{At, LABEL, is_label},
};

/// A struct that is a table.
pub(crate) struct Record {
    pub(crate) ident: Ident,
    pub(crate) table: String,
    pub(crate) id: Option<(Ident, Type)>,
    pub(crate) skipped: Vec<Ident>,
    pub(crate) columns: Vec<Column>,
}

/// A field that is a column.
pub(crate) struct Column {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) label: String,
    pub(crate) value_type: ValueType,
    pub(crate) storage: Storage,
    pub(crate) bind: Bind,
    pub(crate) class: Vec<&'static str>,
    pub(crate) compartments: Vec<String>,
    pub(crate) content: Option<&'static str>,
    pub(crate) domain: Option<String>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) mask: Option<Mask>,
    pub(crate) migrating_until: Option<String>,
    pub(crate) padding: Option<Padding>,
}

/// The type of a column's values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueType {
    Bool,
    Bytes,
    Date,
    Decimal,
    F64,
    I64,
    Json,
    Text,
    Timestamp,
}

/// Reads a struct. Every field is read, and everything that is wrong is told at once.
pub(crate) fn read(input: &DeriveInput) -> Result<Record> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            "a record is a struct: an enum or a union has no columns",
        ));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new(input.ident.span(), "a record has named fields: their names are its columns"));
    };
    if !input.generics.params.is_empty() {
        let wanted = "a record has no generic parameters: write out the types, and own what is borrowed";
        return Err(Error::new(input.generics.span(), wanted));
    }
    let table = attribute::table(&input.attrs)?.ok_or_else(|| {
        Error::new(
            input.ident.span(),
            "a record names its table: write `#[record(table = \"...\")]` above the struct",
        )
    })?;
    let mut record =
        Record { ident: input.ident.clone(), table, id: None, skipped: Vec::new(), columns: Vec::new() };
    all(&fields.named, |field| record.add(field))?;
    all(0..record.columns.len(), |position| record.check(position))?;
    Ok(record)
}

impl Record {
    fn add(&mut self, field: &Field) -> Result<()> {
        let ident = field.ident.clone().ok_or_else(|| Error::new(field.span(), LABEL))?;
        let mut attributes = Attributes::read(&field.attrs)?;
        match (attributes.id.take(), attributes.skip.take()) {
            (None, None) => {
                let column = Column::new(ident, field.ty.clone(), attributes)?;
                if self.columns.iter().any(|earlier| earlier.label == column.label) {
                    return Err(Error::new(
                        column.ident.span(),
                        "another field has this column: give one of them `column = \"...\"`",
                    ));
                }
                self.columns.push(column);
            }
            (Some(id), None) => {
                attributes
                    .refuse_all("the id is the row's name, and part of no policy: it takes nothing else")?;
                if self.id.is_some() {
                    return Err(Error::new(id.span, "a row has one id: leave `id` out at one of the two"));
                }
                if !is_id(&field.ty) {
                    return Err(Error::new(field.ty.span(), "an id is of type i64, String or Vec<u8>"));
                }
                self.id = Some((ident, field.ty.clone()));
            }
            (None, Some(_)) => {
                attributes.refuse_all("a skipped field is no column: it takes nothing else")?;
                self.skipped.push(ident);
            }
            (Some(_), Some(skip)) => {
                return Err(Error::new(skip.span, "an id cannot be skipped: leave one of the two out"));
            }
        }
        Ok(())
    }

    /// Checks what a column says of others.
    fn check(&self, position: usize) -> Result<()> {
        let Some(column) = self.columns.get(position) else { return Ok(()) };
        let named = |label: &str| self.columns.iter().find(|other| other.label == label);
        match &column.bind {
            Bind::Row if self.id.is_none() && column.storage != Storage::Plain => {
                let wanted = "this field is bound to the row, and no field is its id: mark one with `#[record(id)]`, or bind this \
                              one by `natural(\"...\")` or `unbound`";
                return Err(Error::new(column.ident.span(), wanted));
            }
            Bind::Natural(keys) => all(keys, |key| {
                let is_key = |other: &Column| {
                    let typed =
                        matches!(other.value_type, ValueType::Bytes | ValueType::I64 | ValueType::Text);
                    other.storage == Storage::Plain && typed
                };
                let wanted =
                    "a natural key is a `plain` column of this struct, of type i64, String or Vec<u8>";
                if named(&key.value).is_some_and(is_key) { Ok(()) } else { Err(Error::new(key.span, wanted)) }
            })?,
            Bind::Row | Bind::Unbound => {}
        }
        let made = column.indexes.iter().map(|index| format!("{}__ix_{}", column.label, index.label.value));
        let made = made.chain(column.mask.iter().map(|_| format!("{}__mask", column.label)));
        all(made, |name| match named(&name) {
            None => Ok(()),
            Some(other) => {
                let wanted = format!("{name} is made of another field: give this one `column = \"...\"`");
                Err(Error::new(other.ident.span(), wanted))
            }
        })?;
        all(&column.indexes, |index| {
            let IndexKind::Compound(parts) = &index.kind else { return Ok(()) };
            all(parts, |part| {
                let sealed = |other: &Column| other.storage == Storage::Cell && other.label != column.label;
                let wanted = "a compound index takes further `cell` columns of this struct";
                if named(&part.column.value).is_some_and(sealed) {
                    Ok(())
                } else {
                    Err(Error::new(part.column.span, wanted))
                }
            })
        })
    }
}

impl Column {
    fn new(ident: Ident, ty: Type, attributes: Attributes) -> Result<Self> {
        let label = match attributes.column {
            Some(column) => column.value,
            None => ident.unraw().to_string(),
        };
        if !is_label(&label) {
            let wanted = format!("{LABEL}: write `#[record(column = \"...\")]`");
            return Err(Error::new(ident.span(), wanted));
        }
        let storage = attributes.storage.ok_or_else(|| {
            let wanted = "say how this field is stored: write `cell`, `deterministic` or `plain` in `#[record(...)]`, or mark it \
                          `id` or `skip`";
            Error::new(ident.span(), wanted)
        })?;
        let class = attributes.class.ok_or_else(|| {
            let wanted =
                "say how much harm a leak of this field does: write `class = \"internal\"`, or another class";
            Error::new(ident.span(), wanted)
        })?;
        let value_type = ValueType::of(&ty, attributes.written.as_ref())?;
        let bind = match (attributes.bind, storage.value) {
            (Some(bind), Storage::Deterministic) if !matches!(bind.value, Bind::Unbound) => {
                return Err(Error::new(
                    bind.span,
                    "a deterministic field is `unbound`: equal values look equal in every row",
                ));
            }
            (Some(bind), _) => bind.value,
            (None, Storage::Deterministic) => Bind::Unbound,
            (None, Storage::Cell | Storage::Plain) => Bind::Row,
        };
        match (&attributes.domain, storage.value) {
            (None, Storage::Deterministic) => {
                return Err(Error::new(
                    storage.span,
                    "a deterministic field names its domain: write `domain = \"...\"`",
                ));
            }
            (Some(domain), Storage::Cell | Storage::Plain) => {
                return Err(Error::new(domain.span, "a domain is for a `deterministic` field"));
            }
            _ => {}
        }
        if let Some(index) = attributes.indexes.first()
            && storage.value != Storage::Cell
        {
            return Err(Error::new(
                index.span,
                "an index is for a `cell` field: a database finds the values of others by themselves",
            ));
        }
        if let Some(mask) = &attributes.mask
            && (storage.value != Storage::Cell || value_type != ValueType::Text)
        {
            return Err(Error::new(mask.span, "a mask is for a `cell` field of type String that is text"));
        }
        if let Some(padding) = attributes.padding.as_ref().filter(|_| storage.value == Storage::Plain) {
            return Err(Error::new(padding.span, "padding is for a sealed field: `cell` or `deterministic`"));
        }
        all(attributes.indexes.iter().enumerate(), |(position, index)| {
            let label = &index.value.label;
            let twice =
                attributes.indexes.iter().take(position).any(|other| other.value.label.value == label.value);
            if twice {
                Err(Error::new(label.span, "another index of this field has this label"))
            } else {
                Ok(())
            }
        })?;
        Ok(Self {
            ident,
            ty,
            label,
            value_type,
            storage: storage.value,
            bind,
            class: class.value,
            compartments: attributes.compartments.map_or_else(Vec::new, |compartments| compartments.value),
            content: attributes.content.map(|content| content.value),
            domain: attributes.domain.map(|domain| domain.value),
            indexes: attributes.indexes.into_iter().map(|index| index.value).collect(),
            mask: attributes.mask.map(|mask| mask.value),
            migrating_until: attributes.migrating_until.map(|date| date.value),
            padding: attributes.padding.map(|padding| padding.value),
        })
    }
}

impl Attributes {
    /// Refuses whatever was said beside `id` or `skip`.
    fn refuse_all(&self, message: &str) -> Result<()> {
        let Self {
            bind,
            class,
            column,
            compartments,
            content,
            domain,
            id: _,
            indexes,
            mask,
            migrating_until,
            padding,
            skip: _,
            storage,
            written,
        } = self;
        let said = [
            bind.as_ref().map(|said| said.span),
            class.as_ref().map(|said| said.span),
            column.as_ref().map(|said| said.span),
            compartments.as_ref().map(|said| said.span),
            content.as_ref().map(|said| said.span),
            domain.as_ref().map(|said| said.span),
            indexes.first().map(|said| said.span),
            mask.as_ref().map(|said| said.span),
            migrating_until.as_ref().map(|said| said.span),
            padding.as_ref().map(|said| said.span),
            storage.as_ref().map(|said| said.span),
            written.as_ref().map(|said| said.span),
        ];
        said.into_iter().flatten().next().map_or(Ok(()), |span| Err(Error::new(span, message)))
    }
}

impl ValueType {
    /// Of a Rust type, by its name. Another type that is called so does not compile: it has no such values.
    fn of(ty: &Type, written: Option<&At<Written>>) -> Result<Self> {
        let inner = optional(ty).unwrap_or(ty);
        let value_type = match last_name(inner).as_deref() {
            Some("String") => match written.map(|written| written.value) {
                Some(Written::Decimal) => return Ok(Self::Decimal),
                Some(Written::Json) => return Ok(Self::Json),
                None => return Ok(Self::Text),
            },
            Some("Vec") if argument(inner).is_some_and(|item| last_name(item).as_deref() == Some("u8")) => {
                Self::Bytes
            }
            Some("bool") => Self::Bool,
            Some("Date") => Self::Date,
            Some("f64") => Self::F64,
            Some("i64") => Self::I64,
            Some("Timestamp") => Self::Timestamp,
            _ => {
                let wanted = "a column is of type String, Vec<u8>, i64, f64, bool, tenantseal::field::Date or \
                              tenantseal::field::Timestamp, or an Option of one of them; `#[record(skip)]` leaves a field out";
                return Err(Error::new(ty.span(), wanted));
            }
        };
        match written {
            Some(written) => Err(Error::new(
                written.span,
                "`decimal` and `json` say what a String is: make it one, or leave the word out",
            )),
            None => Ok(value_type),
        }
    }
}

fn is_id(ty: &Type) -> bool {
    matches!(ValueType::of(ty, None), Ok(ValueType::Bytes | ValueType::I64 | ValueType::Text))
        && optional(ty).is_none()
}

/// The `T` of an `Option<T>`.
fn optional(ty: &Type) -> Option<&Type> {
    (last_name(ty).as_deref() == Some("Option")).then(|| argument(ty)).flatten()
}

/// The last name of a type's path.
fn last_name(ty: &Type) -> Option<String> {
    match ty {
        // What a macro wrote of a `$ty` stands in a group that nobody sees.
        Type::Group(group) => last_name(&group.elem),
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

/// The only argument of a type such as `Vec<u8>`.
fn argument(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Group(group) => argument(&group.elem),
        Type::Path(path) => match &path.path.segments.last()?.arguments {
            PathArguments::AngleBracketed(arguments) if arguments.args.len() == 1 => {
                match arguments.args.first()? {
                    GenericArgument::Type(ty) => Some(ty),
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    }
}

/// Does something with each, and gives every error there is.
fn all<T>(items: impl IntoIterator<Item = T>, mut act: impl FnMut(T) -> Result<()>) -> Result<()> {
    let mut errors: Option<Error> = None;
    for error in items.into_iter().filter_map(|item| act(item).err()) {
        match &mut errors {
            Some(errors) => errors.combine(error),
            None => errors = Some(error),
        }
    }
    errors.map_or(Ok(()), Err)
}
