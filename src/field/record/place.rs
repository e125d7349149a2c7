//! Where the columns of a row belong: their field, its compartment, and what their cells are bound to.

use crate::{
    error::{Error, PolicyRule},
    field::{Field, Key, Row, Value, record::parts::Shape},
    tenant::{
        Tenant,
        policy::{Bind, Storage},
    },
};

/// # Errors
///
/// [`Error::UnknownCompartment`] of a label that the policy does not have.
pub(super) fn check_compartment(tenant: &Tenant, compartment: &str) -> Result<(), Error> {
    let view = tenant.view()?;
    let known = view.policy()?.compartments();
    if compartment.is_empty() || known.iter().any(|known| known == compartment) {
        Ok(())
    } else {
        Err(Error::UnknownCompartment)
    }
}

/// The field of a column in the compartment of a row, or in the default one if the policy keeps it out of that; `None` of a
/// column that is stored as it is, by the struct and by the policy.
///
/// # Errors
///
/// As [`Tenant::field`]; [`Error::Policy`] if only one of struct and policy wants it sealed.
pub(super) fn field_of(tenant: &Tenant, compartment: &str, shape: &Shape) -> Result<Option<Field>, Error> {
    let is_plain = tenant.view()?.policy()?.field(shape.label)?.storage == Storage::Plain;
    if is_plain == shape.is_sealed {
        return Err(Error::Policy { field: None, rule: PolicyRule::Storage });
    }
    if is_plain {
        return Ok(None);
    }
    tenant.field(shape.label)?.of_rows_in(compartment).map(Some)
}

/// Calls `act` with the row that a field is bound to. `value` gives a column's value.
///
/// # Errors
///
/// [`Error::WrongBinding`] if the struct has no id or a natural key no value; those of `value` and `act`.
pub(super) fn with_row<'a, T>(
    bind: &Bind,
    id: Option<Row<'_>>,
    value: impl Fn(&str) -> Result<Option<Value<'a>>, Error>,
    act: impl FnOnce(Row<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    match bind {
        Bind::Natural(columns) => {
            let keys: Vec<Key<'a>> = columns
                .iter()
                .map(|column| match value(column)? {
                    Some(Value::Bytes(bytes)) => Ok(Key::Bytes(bytes)),
                    Some(Value::I64(number)) => Ok(Key::Int(number)),
                    Some(Value::Text(text)) => Ok(Key::Text(text)),
                    _ => Err(Error::WrongBinding),
                })
                .collect::<Result<_, _>>()?;
            act(Row::natural(&keys))
        }
        Bind::Row => act(id.ok_or(Error::WrongBinding)?),
        Bind::Unbound => act(Row::UNBOUND),
    }
}
