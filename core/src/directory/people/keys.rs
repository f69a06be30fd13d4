//! The shape of a line of an SSH public key: `ssh-ed25519 AAAA… comment`. Cryptography is the connector's.

/// Key types that are accepted. Source: OpenSSH 9, `ssh -Q key`, without DSA and certificates.
const TYPES: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// Checks type, Base64, and that the material says the same type as the line.
pub(super) fn check(line: &str) -> Result<(), String> {
    let line = line.trim();
    if line.contains(char::is_control) || line.len() > 16_384 {
        return Err("an SSH key is one line".to_owned());
    }
    let mut words = line.split_whitespace();
    let (kind, material) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if !TYPES.contains(&kind) {
        let shown: String = kind.escape_debug().take(40).collect();
        return Err(format!("`{shown}` is no SSH key type; one of {}", TYPES.join(", ")));
    }
    let bytes = decode(material).ok_or("the SSH key's material is not Base64")?;
    let length = bytes.get(..4).map(|length| length.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte)));
    let named = length.and_then(|length| bytes.get(4..)?.get(..length));
    if named != Some(kind.as_bytes()) || bytes.len() <= 8 + kind.len() {
        return Err(format!("the SSH key's material is not a whole `{kind}` key"));
    }
    Ok(())
}

/// Standard Base64 with padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if text.is_empty() || !text.len().is_multiple_of(4) {
        return None;
    }
    let body = text.trim_end_matches('=');
    if text.len() - body.len() > 2 {
        return None;
    }
    let (mut bytes, mut held, mut bits) = (Vec::with_capacity(text.len()), 0u32, 0);
    for letter in body.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        held = held << 6 | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::check;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMhwKaeZx3wZJl8c0mvU4Ej1n3JQDGJkdiDTk0ASpcqB alice";

    #[test]
    fn whole_keys_pass_and_others_are_named() {
        assert_eq!(check(KEY), Ok(()));
        assert_eq!(check(KEY.trim_end_matches(" alice")), Ok(()));
        for bad in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 AAAA alice",
            "ssh-ed25519 !!!! alice",
            "ssh-dss AAAAB3NzaC1kc3M= alice",
            "command=\"sh\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMhwKaeZx3wZJl8c0mvU4Ej1n3JQDGJkdiDTk0ASpcqB",
            "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIMhwKaeZx3wZJl8c0mvU4Ej1n3JQDGJkdiDTk0ASpcqB",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMhwKaeZx3wZJl8c0mvU4Ej1n3JQDGJkdiDTk0ASpcqB a\nssh-rsa AAAA",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
