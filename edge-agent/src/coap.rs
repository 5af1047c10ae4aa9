//! The little of CoAP (RFC 7252) that a post speaks: `NON POST /sync`, with a frame as the payload.
//!
//! The session repeats and acknowledges by itself, so a message of CoAP is neither confirmed nor repeated, and it
//! needs no token: there is one socket and one exchange at a time.

/// Version 1, non-confirmable, no token; POST; two bytes for the message's number; `Uri-Path: sync`; payload.
const HEADER: [u8; 10] = [0x50, 0x02, 0, 0, 0xB4, b's', b'y', b'n', b'c', 0xFF];

/// How many bytes CoAP takes before the frame.
pub const OVERHEAD: usize = HEADER.len();

/// Writes the header to the beginning of `datagram`; the frame follows. `number` tells messages apart and should
/// differ from one to the next.
pub fn write_header(datagram: &mut [u8; OVERHEAD], number: u16) {
    *datagram = HEADER;
    datagram[2..4].copy_from_slice(&number.to_be_bytes());
}

/// The payload of a response, be it a frame or a refusal; none in a datagram that is no response of CoAP.
pub fn payload(datagram: &mut [u8]) -> Option<&mut [u8]> {
    let (&[first, code, ..], true) = (datagram.first_chunk::<4>()?, datagram.len() > 4) else { return None };
    // Classes 2 to 5 are responses.
    if first >> 6 != 1 || !(2..=5).contains(&(code >> 5)) {
        return None;
    }
    let mut at = 4 + usize::from(first & 0xF);
    loop {
        let option = *datagram.get(at)?;
        at += 1;
        if option == 0xFF {
            return datagram.get_mut(at..).filter(|payload| !payload.is_empty());
        }
        at += extended(datagram, option >> 4, at)?.0;
        let (more, length) = extended(datagram, option & 0xF, at)?;
        at += more + length;
    }
}

/// Reads what an option's delta or length takes beyond its four bits: how many bytes, and the value.
fn extended(datagram: &[u8], nibble: u8, at: usize) -> Option<(usize, usize)> {
    match nibble {
        13 => Some((1, usize::from(*datagram.get(at)?) + 13)),
        14 => {
            let bytes = datagram.get(at..)?.first_chunk::<2>()?;
            Some((2, usize::from(u16::from_be_bytes(*bytes)) + 269))
        }
        15 => None,
        short => Some((0, short.into())),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    #[test]
    fn the_header_is_what_rfc_7252_says() {
        let mut datagram = [0; OVERHEAD];
        write_header(&mut datagram, 0xABCD);
        assert_eq!(datagram, *b"\x50\x02\xAB\xCD\xB4sync\xFF");
    }

    #[test]
    fn the_payload_of_a_response_is_found_behind_any_options() {
        let mut plain = *b"\x50\x44\x00\x01\xFFab";
        assert_eq!(payload(&mut plain).as_deref(), Some(&b"ab"[..]));
        // A token of two bytes, Content-Format 60, an option with both parts extended.
        let mut rich = *b"\x52\x45\x00\x01tt\xC1\x3C\xDD\x01\x00_____________\xFFab";
        assert_eq!(payload(&mut rich).as_deref(), Some(&b"ab"[..]));
    }

    #[test]
    fn nothing_else_is_a_response() {
        for wrong in [
            &b""[..],
            b"\x50\x44\x00",
            b"\x50\x44\x00\x01",
            b"\x50\x44\x00\x01\xFF",
            b"\x50\x02\x00\x01\xFFab",
            b"\x10\x44\x00\x01\xFFab",
            b"\x50\x44\x00\x01\xF0\xFFab",
            b"\x50\x44\x00\x01\xEE\xFF\xFF\xFF\xFFab",
        ] {
            assert_eq!(payload(&mut wrong.to_vec()), None, "{wrong:02x?}");
        }
    }
}
