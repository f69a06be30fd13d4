//! OpenSSH's binary key revocation list: written here, and our own read again, to compare with what the hosts really have.
//! Format: OpenSSH, PROTOCOL.krl.

use std::collections::{BTreeMap, BTreeSet};

/// Source: PROTOCOL.krl, `KRL_MAGIC` ("SSHKRL\n\0") and `KRL_FORMAT_VERSION`.
const MAGIC: &[u8; 8] = b"SSHKRL\n\0";
const FORMAT: u32 = 1;
/// Source: PROTOCOL.krl, `KRL_SECTION_CERTIFICATES` and `KRL_SECTION_CERT_SERIAL_LIST`.
const CERTIFICATES: u8 = 1;
const SERIAL_LIST: u8 = 0x20;

/// Revoked serial numbers by authority (its public key's bytes).
pub(super) type Serials = BTreeMap<Vec<u8>, BTreeSet<u64>>;

/// The list's bytes. Serial 0 cannot be listed and is never issued.
pub(super) fn write(version: u64, generated_unix_s: u64, serials: &Serials) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend(FORMAT.to_be_bytes());
    out.extend(version.to_be_bytes());
    out.extend(generated_unix_s.to_be_bytes());
    out.extend(0u64.to_be_bytes());
    put(&mut out, b"");
    put(&mut out, b"jit");
    for (authority, listed) in serials.iter().filter(|(_, listed)| !listed.is_empty()) {
        let mut section = Vec::new();
        put(&mut section, authority);
        put(&mut section, b"");
        section.push(SERIAL_LIST);
        let list: Vec<u8> = listed.iter().flat_map(|serial| serial.to_be_bytes()).collect();
        put(&mut section, &list);
        out.push(CERTIFICATES);
        put(&mut out, &section);
    }
    out
}

/// Reads a list of the form that [`write()`] makes; none for any other bytes.
pub(super) fn read(bytes: &[u8]) -> Option<Serials> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    if take_number(&mut rest, 4)? != u64::from(FORMAT) {
        return None;
    }
    // Version, date and flags; then what is reserved, and a comment.
    for _ in 0..3 {
        take_number(&mut rest, 8)?;
    }
    take(&mut rest)?;
    take(&mut rest)?;
    let mut serials = Serials::new();
    while let Some((kind, more)) = rest.split_first() {
        rest = more;
        let mut section = take(&mut rest)?;
        if *kind != CERTIFICATES {
            return None;
        }
        let authority = take(&mut section)?.to_vec();
        take(&mut section)?;
        let listed = serials.entry(authority).or_default();
        while let Some((kind, more)) = section.split_first() {
            section = more;
            let list = take(&mut section)?;
            if *kind != SERIAL_LIST || list.len() % 8 != 0 {
                return None;
            }
            listed.extend(list.chunks_exact(8).map(|n| u64::from_be_bytes(n.try_into().expect("chunks of eight"))));
        }
    }
    Some(serials)
}

/// A string of the SSH wire: its length, then its bytes.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("a list of four gigabytes does not fit into memory");
    out.extend(length.to_be_bytes());
    out.extend(bytes);
}

fn take<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(take_number(rest, 4)?).ok()?;
    let (bytes, more) = rest.split_at_checked(length)?;
    *rest = more;
    Some(bytes)
}

fn take_number(rest: &mut &[u8], length: usize) -> Option<u64> {
    let (bytes, more) = rest.split_at_checked(length)?;
    *rest = more;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            serials in prop::collection::btree_map(
                prop::collection::vec(any::<u8>(), 1..40),
                prop::collection::btree_set(1u64.., 1..20),
                0..4,
            ),
        ) {
            prop_assert_eq!(read(&write(3, 1_792_000_000, &serials)), Some(serials));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            read(&bytes);
            let whole = write(1, 2, &[(bytes, [1, 2].into())].into());
            read(&whole[..cut.min(whole.len())]);
        }
    }
}
