//! What encoding a file's text is in, decided so that wrong characters never pass unnoticed.
//!
//! The order is: what the user says, what the file declares, what the bytes show. A declaration that
//! the bytes contradict is refused rather than followed, and a guess is always told to the user.

use std::io::{self, Read};

use encoding_rs::{BIG5, Decoder, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_8, WINDOWS_1252};

/// The encoding named by a label as it stands in a `.cpg` or on the command line, in any case:
/// `GBK`, `GB2312`, `936`, `OEM 936`, `UTF-8`, `65001`, `ISO 88591`, `ANSI 1252`, `Big5`, …
///
/// All labels of the GB family give GB18030, which reads every GBK and GB 2312 text rightly.
pub fn by_label(label: &str) -> Option<&'static Encoding> {
    let bare: String = label.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
    let bare = ["OEM", "ANSI", "CP", "WINDOWS", "MS"]
        .iter()
        .fold(bare.as_str(), |b, prefix| b.strip_prefix(prefix).filter(|rest| !rest.is_empty()).unwrap_or(b));
    match bare {
        "936" | "GBK" | "GB2312" | "GB231280" | "GB18030" | "GB180302000" | "GB180302005" | "54936"
        | "EUCCN" | "20936" => Some(GB18030),
        "65001" | "UTF8" | "UTF8BOM" => Some(UTF_8),
        "950" | "BIG5" | "BIG5HKSCS" => Some(BIG5),
        "949" | "EUCKR" | "51949" => Some(EUC_KR),
        "932" | "SJIS" | "SHIFTJIS" => Some(SHIFT_JIS),
        other => windows_or_iso(other).or_else(|| Encoding::for_label(label.trim().as_bytes())),
    }
}

fn windows_or_iso(bare: &str) -> Option<&'static Encoding> {
    if let Some(part) = bare.strip_prefix("ISO8859").or_else(|| bare.strip_prefix("8859")) {
        return Encoding::for_label(format!("iso-8859-{part}").as_bytes());
    }
    let page: u16 = bare.parse().ok()?;
    match page {
        866 => Encoding::for_label(b"ibm866"),
        874 | 1250..=1258 => Encoding::for_label(format!("windows-{page}").as_bytes()),
        _ => None,
    }
}

/// The name of an encoding as users write it.
pub fn name(encoding: &'static Encoding) -> &'static str {
    if encoding == GB18030 { "GB18030" } else { encoding.name() }
}

/// The encoding a DBF's language driver byte stands for, where it stands for one without doubt.
///
/// 0x57 ("ANSI of the writing machine") and the DOS pages 437 and 850 are left to the bytes.
pub fn by_language_driver(byte: u8) -> Option<&'static Encoding> {
    let label = match byte {
        0x4D | 0x7A => "936",
        0x4E | 0x79 => "949",
        0x4F | 0x78 => "950",
        0x13 | 0x7B => "932",
        0x50 | 0x7C => "874",
        0x03 | 0x58 | 0x59 => "1252",
        0xC8 => "1250",
        0xC9 => "1251",
        0xCA => "1254",
        0xCB => "1253",
        0xCC => "1257",
        0x7D => "1255",
        0x7E => "1256",
        0x26 | 0x65 => "866",
        0x04 => "macintosh",
        _ => return None,
    };
    by_label(label)
}

/// What the bytes of a sample of texts show.
#[derive(Debug, Default, Clone)]
pub struct Evidence {
    /// Texts seen that are not plain ASCII.
    texts: u32,
    utf8_broken: u32,
    /// Characters of two, and of three or four bytes, as UTF-8.
    utf8_narrow: u32,
    utf8_wide: u32,
    gb_broken: u32,
    gb_pairs: u32,
    /// Pairs inside GB 2312, whose first level holds the 3,755 usual characters.
    gb2312: u32,
    usual: u32,
    /// Lead bytes beyond those Korean EUC-KR syllables use; half of all usual Hanzi have one.
    beyond_hangul: u32,
    /// The first such text, to show what a guess makes of it.
    example: Vec<u8>,
}

/// What the evidence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Only ASCII: every encoding reads it alike.
    Ascii,
    /// UTF-8, and not plausibly anything else.
    Utf8,
    /// Chinese in the GB family, and not plausibly anything else.
    Gb18030,
    /// Cannot be told.
    Unknown,
}

impl Evidence {
    /// Enough texts to decide by.
    pub const ENOUGH: u32 = 512;

    /// Whether more texts would tell nothing new.
    pub fn is_enough(&self) -> bool {
        self.texts >= Self::ENOUGH
    }

    /// Takes one text into account. A character cut in two at the very end does not count against it.
    pub fn add(&mut self, text: &[u8]) {
        if text.is_ascii() {
            return;
        }
        self.texts += 1;
        if self.example.is_empty() {
            self.example = text[..text.len().min(60)].to_vec();
        }
        self.add_utf8(text);
        self.add_gb(text);
    }

    fn add_utf8(&mut self, text: &[u8]) {
        let valid = match std::str::from_utf8(text) {
            Ok(valid) => valid,
            Err(error) if error.error_len().is_none() => {
                std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => {
                self.utf8_broken += 1;
                return;
            }
        };
        for c in valid.chars().filter(|c| !c.is_ascii()) {
            let count = if c.len_utf8() == 2 { &mut self.utf8_narrow } else { &mut self.utf8_wide };
            *count += 1;
        }
    }

    fn add_gb(&mut self, text: &[u8]) {
        let mut rest = text;
        loop {
            rest = match rest {
                [] | [0x81..=0xFE] => return,
                [0..=0x7F, tail @ ..] => tail,
                [0x81..=0xFE, 0x30..=0x39, 0x81..=0xFE, 0x30..=0x39, tail @ ..] => {
                    self.gb_pairs += 1;
                    tail
                }
                [lead @ 0x81..=0xFE, trail @ (0x40..=0x7E | 0x80..=0xFE), tail @ ..] => {
                    self.count_pair(*lead, *trail);
                    tail
                }
                _ => {
                    self.gb_broken += 1;
                    return;
                }
            };
        }
    }

    fn count_pair(&mut self, lead: u8, trail: u8) {
        self.gb_pairs += 1;
        if trail >= 0xA1 && (0xA1..=0xF7).contains(&lead) {
            self.gb2312 += 1;
            self.usual += matches!(lead, 0xA1 | 0xA3 | 0xB0..=0xD7) as u32;
            self.beyond_hangul += matches!(lead, 0xC9..=0xD7) as u32;
        }
    }

    fn is_plausible_gb(&self) -> bool {
        let pairs = self.gb_pairs;
        self.gb_broken * 50 <= self.texts
            && pairs > 0
            && self.gb2312 * 5 >= pairs * 4
            && self.usual * 2 >= pairs
            && (pairs < 16 || self.beyond_hangul > 0)
    }

    /// Whether every text is valid as UTF-8, ASCII included.
    pub fn is_valid_utf8(&self) -> bool {
        self.utf8_broken == 0
    }

    /// Whether it is UTF-8 more likely than the GB family.
    fn leans_to_utf8(&self) -> bool {
        self.is_valid_utf8() && self.utf8_wide > 0 && !self.is_plausible_gb()
    }

    /// Whether so much is valid as UTF-8 that it cannot be chance. A rare character or two in GBK can
    /// happen to have the bit pattern of UTF-8.
    fn is_surely_utf8(&self) -> bool {
        self.is_valid_utf8() && (self.gb_broken > 0 || self.utf8_wide >= 4 || self.utf8_narrow >= 8)
    }

    /// The verdict.
    pub fn finding(&self) -> Finding {
        match (self.is_surely_utf8(), self.is_plausible_gb()) {
            _ if self.texts == 0 => Finding::Ascii,
            (true, false) => Finding::Utf8,
            // What is valid as both is doubtful, however little there is of it.
            (false, true) if !self.is_valid_utf8() => Finding::Gb18030,
            _ => Finding::Unknown,
        }
    }

    /// What reading the first text as `encoding` gives.
    fn example(&self, encoding: &'static Encoding) -> String {
        encoding.decode_without_bom_handling(&self.example).0.trim_end_matches('\u{FFFD}').to_owned()
    }

    /// Whether so many texts break under `encoding` that it cannot be the right one.
    fn refutes(&self, encoding: &'static Encoding) -> bool {
        let broken = match encoding {
            e if e == UTF_8 => self.utf8_broken,
            e if e == GB18030 => self.gb_broken,
            _ => 0,
        };
        broken * 4 > self.texts
    }
}

/// The encoding decided on, and a note for the user when it was not simply declared.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The encoding.
    pub encoding: &'static Encoding,
    /// What the user should know.
    pub note: Option<String>,
}

/// What a file says of its own encoding.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    /// The encoding.
    pub encoding: &'static Encoding,
    /// Where it is said, for messages: `.cpg 文件`, `DBF 语言标记`.
    pub place: &'static str,
}

/// Decides: `chosen` by the user, else `declared` by the file if the bytes do not contradict it, else
/// what the bytes show.
///
/// # Errors
/// A sentence saying what is contradictory or unknown; the caller adds the name of the option.
pub fn decide(
    chosen: Option<&str>,
    declared: Option<Declared>,
    evidence: &Evidence,
) -> Result<Decision, String> {
    if let Some(label) = chosen {
        let encoding = by_label(label).ok_or_else(|| format!("不认识的文字编码“{label}”"))?;
        if evidence.refutes(encoding) {
            return Err(format!("文件里的文字不是有效的 {}", name(encoding)));
        }
        return Ok(Decision { encoding, note: None });
    }
    match declared {
        Some(declared) => check_declared(declared, evidence),
        None => detect(evidence),
    }
}

fn check_declared(declared: Declared, evidence: &Evidence) -> Result<Decision, String> {
    let Declared { encoding, place } = declared;
    let likely = match evidence.finding() {
        _ if evidence.leans_to_utf8() => Some(UTF_8),
        Finding::Gb18030 => Some(GB18030),
        _ => None,
    };
    let contradicted = match likely {
        // Chinese in Big5, Japanese and Korean text can look like GB; what was declared stands.
        Some(likely) if likely == GB18030 => encoding == UTF_8 || encoding.is_single_byte(),
        Some(likely) => likely != encoding,
        None => false,
    };
    if !contradicted && !evidence.refutes(encoding) {
        return Ok(Decision { encoding, note: None });
    }
    let hint =
        likely.map(|e| format!("，倒像是 {}（例如“{}”）", name(e), evidence.example(e))).unwrap_or_default();
    Err(format!("{place}写明文字编码是 {}，但文件里的文字不是{hint}", name(encoding)))
}

fn detect(evidence: &Evidence) -> Result<Decision, String> {
    let encoding = match evidence.finding() {
        Finding::Ascii => return Ok(Decision { encoding: UTF_8, note: None }),
        Finding::Utf8 => UTF_8,
        Finding::Gb18030 => GB18030,
        Finding::Unknown => {
            return Err(format!(
                "文件没有说明文字编码，从内容也断定不了（按 GB18030 读是“{}”，按 windows-1252 读是“{}”）",
                evidence.example(GB18030),
                evidence.example(WINDOWS_1252),
            ));
        }
    };
    let note = format!(
        "文件没有说明文字编码，按内容判断为 {}（例如“{}”）；如果不对，请用 --encoding 指明",
        name(encoding),
        evidence.example(encoding),
    );
    Ok(Decision { encoding, note: Some(note) })
}

/// A text field decoded.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// Whether half a character was cut off at the end by the writing program's field width.
    pub cut: bool,
}

/// Decodes without ever putting a replacement character; `None` when the bytes are not valid.
///
/// When `full` (the text fills its field), part of a character at the very end is dropped: the
/// writing program has cut it, and `cut` says so.
pub fn decode(encoding: &'static Encoding, bytes: &[u8], full: bool) -> Option<Decoded> {
    let longest_tail = if full && !encoding.is_single_byte() { 3.min(bytes.len()) } else { 0 };
    (0..=longest_tail).find_map(|tail| {
        let kept = &bytes[..bytes.len() - tail];
        if tail > 0 && bytes[kept.len()].is_ascii() {
            return None;
        }
        let text = encoding.decode_without_bom_handling_and_without_replacement(kept)?;
        (!text.contains('\u{FFFD}')).then(|| Decoded { text: text.into_owned(), cut: tail > 0 })
    })
}

/// Reads a stream of any encoding as UTF-8. Bytes that are not valid come out as U+FFFD, which the
/// readers turn into row errors.
pub struct Transcoder<R> {
    inner: R,
    decoder: Decoder,
    input: Box<[u8]>,
    output: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Transcoder<R> {
    /// Wraps `inner`; a byte order mark of the encoding is dropped.
    pub fn new(inner: R, encoding: &'static Encoding) -> Self {
        Transcoder {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            input: vec![0; 64 << 10].into_boxed_slice(),
            output: Vec::new(),
            given: 0,
            ended: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        while self.given == self.output.len() && !self.ended {
            let count = self.inner.read(&mut self.input)?;
            self.ended = count == 0;
            self.output.resize(3 * count + 16, 0);
            let (_, _, written, _) =
                self.decoder.decode_to_utf8(&self.input[..count], &mut self.output, self.ended);
            self.output.truncate(written);
            self.given = 0;
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let count = buffer.len().min(self.output.len() - self.given);
        buffer[..count].copy_from_slice(&self.output[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}
