//! From a root down to the keys of one place: class, compartment, table, column, purpose. FORMAT.md section 5.

use crate::{
    encoding::info,
    error::Error,
    primitive::{hash::sha256, kdf, mac::HmacSha256},
    secret::Secret,
    tenant::{
        id::{Generation, TenantId},
        policy::{Class, IndexRule, ValueType},
        record::RootKind,
        state::LeafName,
        suite::{Suite, SuiteKey, purpose_info},
    },
};

/// A node of the chain: whoever has it can derive everything below it, and nothing beside or above it.
pub(crate) struct Node(Secret<32>);

impl Node {
    /// `PRK = Extract(SHA-256(I("tenant", id)), root)`.
    pub(crate) fn of_root(tenant: &TenantId, root: &Secret<32>) -> Result<Self, Error> {
        let salt = sha256(&[&info(&[b"tenant", tenant.as_bytes()])?]);
        Ok(Self(kdf::extract(&salt, root.expose_secret())))
    }

    /// The 32-byte commitment of the root above this node, which its record carries.
    pub(crate) fn commitment(&self, kind: RootKind, generation: Generation) -> Result<[u8; 32], Error> {
        let context: [&[u8]; 2] = [&[kind.id()], &generation.to_u32().to_be_bytes()];
        Ok(*self.expand("root/commit", &context)?.expose_secret())
    }

    /// The node of a column: four steps down from a root.
    pub(crate) fn column(&self, class: Class, place: &Place<'_>) -> Result<Self, Error> {
        self.step("node/class", &[class.id()])?
            .step("node/compartment", place.compartment.as_bytes())?
            .step("node/table", place.table.as_bytes())?
            .step("node/column", place.column.as_bytes())
    }

    fn step(&self, purpose: &str, label: &[u8]) -> Result<Self, Error> {
        self.expand(purpose, &[label]).map(Self)
    }

    fn expand(&self, purpose: &str, context: &[&[u8]]) -> Result<Secret<32>, Error> {
        self.expand_to(purpose, context)
    }

    /// What belongs to no suite is expanded under suite number 0.
    pub(crate) fn expand_to<const N: usize>(
        &self,
        purpose: &str,
        context: &[&[u8]],
    ) -> Result<Secret<N>, Error> {
        let info = purpose_info(purpose, 0, N, context)?;
        Secret::try_filled(|out| kdf::expand(&self.0, &info, out))
    }
}

/// Where a value lives, by permanent labels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) compartment: &'a str,
    pub(crate) table: &'a str,
    pub(crate) column: &'a str,
    pub(crate) value_type: ValueType,
}

/// The keys under which the cells of one place open, the one that seals first.
pub(crate) struct CellKeys(Vec<CellKey>);

impl CellKeys {
    /// Derives them for every generation (newest first), class of the history (current first) and suite.
    pub(crate) fn derive(
        tenant: &TenantId,
        roots: &[(Generation, Node)],
        classes: &[Class],
        place: &Place<'_>,
        sealing: Suite,
    ) -> Result<Self, Error> {
        let mut keys = Vec::with_capacity(roots.len() * classes.len() * Suite::ALL.len());
        for suite in Suite::ALL {
            for (generation, root) in roots {
                for class in classes {
                    let node = root.column(*class, place)?;
                    let context = info(&[
                        b"cell",
                        tenant.as_bytes(),
                        &[class.id()],
                        place.compartment.as_bytes(),
                        place.table.as_bytes(),
                        place.column.as_bytes(),
                        &[place.value_type.id()],
                    ])?;
                    keys.push(CellKey {
                        suite: *suite,
                        generation: *generation,
                        kc: *suite.expand::<16>(&node.0, "field/commit", &[])?.expose_secret(),
                        cipher: Cipher::Randomised(SuiteKey::new(
                            *suite,
                            suite.expand(&node.0, "field/aead", &[])?,
                        )?),
                        context: suite.hash(&context),
                    });
                }
            }
        }
        // A stable sort: within a suite the newest generation and current class stay in front.
        keys.sort_by_key(|key| key.suite != sealing);
        Ok(Self(keys))
    }

    /// Derives those of a domain of deterministic cells for every index epoch, newest first, and suite.
    pub(crate) fn derive_domain(
        tenant: &TenantId,
        roots: &[(Generation, Node)],
        domain: &str,
        value_type: ValueType,
        sealing: Suite,
    ) -> Result<Self, Error> {
        let value_type: &[u8] = &[value_type.id()];
        let context = info(&[b"deterministic", tenant.as_bytes(), domain.as_bytes(), value_type])?;
        let mut keys = Vec::with_capacity(roots.len() * Suite::ALL.len());
        for suite in Suite::ALL.iter().map(|suite| suite.deterministic()) {
            for (epoch, root) in roots {
                let node = root.step("node/domain", domain.as_bytes())?;
                keys.push(CellKey {
                    suite,
                    generation: *epoch,
                    kc: *suite.expand::<16>(&node.0, "domain/commit", &[value_type])?.expose_secret(),
                    cipher: Cipher::Deterministic(suite.expand(&node.0, "domain/aead", &[value_type])?),
                    context: suite.hash(&context),
                });
            }
        }
        keys.sort_by_key(|key| key.suite != sealing.deterministic());
        Ok(Self(keys))
    }

    /// The key that new cells are sealed under.
    pub(crate) fn sealing(&self) -> Result<&CellKey, Error> {
        self.0.first().ok_or(Error::UnknownKey)
    }

    /// What cells name these keys by.
    pub(crate) fn names(&self) -> impl Iterator<Item = LeafName> {
        self.0.iter().map(|key| LeafName {
            generation: key.generation,
            key_commitment: key.kc,
            suite: key.suite.id(),
        })
    }

    /// Every key under which a deterministic cell may be sealed as new ones are: one of each live index epoch.
    pub(crate) fn of_sealing_suite(&self) -> impl Iterator<Item = &CellKey> {
        let sealing = self.0.first().map(|key| key.suite);
        self.0.iter().filter(move |key| Some(key.suite) == sealing)
    }

    /// The position of the key that a header names. All three must match: nothing is tried.
    pub(crate) fn find(
        &self,
        suite: Suite,
        generation: Generation,
        kc: &[u8; 16],
    ) -> Option<(usize, &CellKey)> {
        let names = |key: &CellKey| key.suite == suite && key.generation == generation && key.kc == *kc;
        self.0.iter().enumerate().find(|(_, key)| names(key))
    }
}

/// One key of one place.
pub(crate) struct CellKey {
    pub(crate) suite: Suite,
    pub(crate) generation: Generation,
    /// The 16-byte key commitment that cells carry.
    pub(crate) kc: [u8; 16],
    pub(crate) cipher: Cipher,
    /// The hash of the static context: part of every cell's AAD.
    pub(crate) context: Vec<u8>,
}

/// How the cells of a place are sealed.
pub(crate) enum Cipher {
    /// Equal values of the domain look equal: a key of AES-SIV.
    Deterministic(Secret<64>),
    /// Under a nonce of each cell's own.
    Randomised(SuiteKey),
}

/// The keys of one blind index, the one that writes first.
pub(crate) struct IndexKeys(pub(crate) Vec<HmacSha256>);

impl IndexKeys {
    /// The key that new tokens are under.
    pub(crate) fn newest(&self) -> Result<&HmacSha256, Error> {
        self.0.first().ok_or(Error::UnknownKey)
    }

    /// Derives them for every index epoch (newest first) and class of the history (current first).
    pub(crate) fn derive(
        roots: &[(Generation, Node)],
        classes: &[Class],
        place: &Place<'_>,
        index: &IndexRule,
    ) -> Result<Self, Error> {
        let (kind, bits, partitions) = ([index.kind.id()], [index.bits], index.partitions.to_be_bytes());
        let more = index.kind.context();
        let mut context: Vec<&[u8]> =
            vec![index.label.as_bytes(), &kind, index.normaliser.label().as_bytes(), &bits];
        context.extend(more.iter().map(Vec::as_slice));
        if index.partitions > 1 {
            context.push(&partitions);
        }
        let mut keys = Vec::with_capacity(roots.len() * classes.len());
        for (_, root) in roots {
            for class in classes {
                let key = root.column(*class, place)?.expand("index", &context)?;
                keys.push(HmacSha256::new(&key));
            }
        }
        Ok(Self(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_suite_generation_and_the_whole_commitment_together() {
        let tenant = TenantId::try_from("t").unwrap();
        let node = || Node::of_root(&tenant, &Secret::from_bytes(&[7; 32])).unwrap();
        let second = Generation::FIRST.next().unwrap();
        let roots = [(second, node()), (Generation::FIRST, node())];
        let place = Place { compartment: "", table: "t", column: "c", value_type: ValueType::Text };
        let keys = CellKeys::derive(&tenant, &roots, &[Class::Personal], &place, Suite::default()).unwrap();
        let key = keys.sealing().unwrap();
        assert_eq!(keys.find(key.suite, second, &key.kc).unwrap().0, 0);
        assert_eq!(keys.find(key.suite, Generation::FIRST, &key.kc).unwrap().0, 1, "the same root again");
        assert!(keys.find(key.suite, second.next().unwrap(), &key.kc).is_none());
        for suite in Suite::ALL.iter().filter(|suite| **suite != key.suite) {
            assert!(keys.find(*suite, second, &key.kc).is_none());
        }
        for bit in 0..128 {
            let mut other = key.kc;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(keys.find(key.suite, second, &other).is_none());
        }
    }
}
