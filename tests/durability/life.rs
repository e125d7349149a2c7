//! The life of keys as a scenario, the same for every store: a principal, another KEK, a tenant that is shredded, a hold, a
//! suspension.

use core::ops::ControlFlow;
use std::{
    fs,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use tenantseal::{
    Error,
    tenant::{Kek, Keyring, NoGrants, Policy, PrincipalId, Receipt, TenantState},
};
use tenantseal_harness::{Report, Steps};

const LEAVES: &str = "t-0";
const STAYS: &str = "t-1";
const HELD: &str = "t-2";
pub(crate) const NEW_KEK: &str = "another KEK";
const HOLD: &str = "hold";
const PRINCIPAL: &str = "add a principal";
const SHRED: &str = "shred";
const SUSPEND: &str = "suspend";

/// Tenants with a cell each, one of which may be shredded.
pub(crate) fn before(keys: &Keyring, folder: &Path) -> Result<(), Error> {
    keys.install_policy(policy(1)?)?;
    for id in [LEAVES, STAYS, HELD] {
        let cell = keys.create_tenant(id)?.field("member.mobile")?.seal(1, "13800138000")?;
        fs::write(folder.join(id), cell)?;
    }
    keys.suspend_tenant(LEAVES, Some(UNIX_EPOCH + Duration::from_secs(1)))
}

pub(crate) fn act(keys: &Keyring, new: &Kek, steps: &mut Steps) {
    let member = PrincipalId::member("m");
    let _ = steps.run(PRINCIPAL, || keys.tenant(HELD)?.add_principal(&member?));
    let _ = steps.run(NEW_KEK, || keys.rotate_kek(new, |_| ControlFlow::Continue(())));
    let _ = steps.run(SHRED, || keys.shred_tenant(LEAVES, &NoGrants));
    let _ = steps.run(HOLD, || keys.hold_tenant(HELD));
    let _ = steps.run(SUSPEND, || keys.suspend_tenant(STAYS, None));
}

pub(crate) fn check(keys: &Keyring, folder: &Path, report: &Report) -> Result<(), String> {
    let told = |error: Error| format!("{error}");
    let opens = |id: &str| {
        let cell = fs::read(folder.join(id))?;
        keys.tenant(id)?.field("member.mobile")?.open(1, cell).map(drop)
    };
    opens(HELD).map_err(|error| format!("lost: {HELD}: {error}"))?;
    report.allows(HOLD, keys.is_held(HELD).map_err(told)?)?;
    let member = PrincipalId::member("m").map_err(told)?;
    report.allows(PRINCIPAL, keys.tenant(HELD).and_then(|t| t.check_principal(&member)).is_ok())?;
    match opens(STAYS) {
        Ok(()) => report.allows(SUSPEND, false)?,
        Err(Error::Suspended) => report.allows(SUSPEND, true)?,
        Err(error) => return Err(format!("lost: {STAYS}: {error}")),
    }
    check_shred(keys, folder, report)
}

/// The keys are there whole, or gone; and a receipt exists only if they are gone and storage was cleaned after them.
fn check_shred(keys: &Keyring, folder: &Path, report: &Report) -> Result<(), String> {
    let told = |error: Error| format!("the leaving tenant: {error}");
    let cell = fs::read(folder.join(LEAVES)).map_err(|error| error.to_string())?;
    let roots = || keys.records().map(|all| all.iter().any(|r| r.tenant().as_bytes() == LEAVES.as_bytes()));
    let state = keys.tenant_state(LEAVES).map_err(told)?;
    report.allows(SHRED, state == TenantState::Shredded)?;
    match state {
        TenantState::Suspended { .. } => {
            keys.restore_tenant(LEAVES).map_err(told)?;
            let field = keys.tenant(LEAVES).and_then(|tenant| tenant.field("member.mobile")).map_err(told)?;
            field.open(1, &cell).map_err(|error| format!("half destroyed: {error}"))?;
            keys.suspend_tenant(LEAVES, Some(UNIX_EPOCH + Duration::from_secs(1))).map_err(told)?;
        }
        TenantState::Shredding if keys.receipt(LEAVES).is_ok() => return Err("claimed too early".to_owned()),
        TenantState::Shredding | TenantState::Shredded if roots().map_err(told)? => {
            return Err("destroyed, and the roots are there".to_owned());
        }
        TenantState::Shredded if keys.receipt(LEAVES).is_err() => return Err("no receipt".to_owned()),
        _ => {}
    }
    // Whatever it was, it goes on from there.
    let receipt = keys.shred_tenant(LEAVES, &NoGrants).map_err(told)?;
    let receipt = keys.key_list().and_then(|list| Receipt::verify(&receipt, &list)).map_err(told)?;
    match keys.verify_shredded(&receipt, [&cell]).map_err(told)?.dead {
        1 => Ok(()),
        _ => Err("the receipt does not name the key of the cell".to_owned()),
    }
}

pub(crate) fn policy(version: u32) -> Result<Policy, Error> {
    let json = format!(
        r#"{{"tenantseal_policy": 1, "version": {version}, "fields": [
            {{"table": "member", "column": "mobile", "type": "text", "storage": "cell", "class": ["personal"],
              "bind": "row"}}]}}"#
    );
    Policy::from_json(json.as_bytes())
}
