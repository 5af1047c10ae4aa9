//! The one typeface of labels and sheets, embedded in the program (assets/fonts/NOTICE says where it is from).

use std::ops::Range;
use std::sync::LazyLock;

use ttf_parser::{Face, GlyphId, OutlineBuilder, Rect};

/// The font file: TrueType outlines, ASCII, GB 2312 and U+4E00–9FA5.
pub(crate) static FONT: &[u8] = include_bytes!("../../../assets/fonts/gengwei-label.ttf");

#[expect(clippy::expect_used, reason = "the file is part of the program, and every test of labels parses it")]
static FACE: LazyLock<Face<'static>> =
    LazyLock::new(|| Face::parse(FONT, 0).expect("the embedded typeface is a font"));

/// Stands for a character that the typeface lacks, so that a gap is seen.
pub(crate) const SUBSTITUTE: char = '〓';

/// A character's shape and place in its text.
pub(crate) struct Glyph {
    pub id: GlyphId,
    /// Width in ems.
    pub advance: f32,
    /// Bytes of the text that it shows.
    pub range: Range<usize>,
}

/// Whether the typeface has the character.
pub(crate) fn has(character: char) -> bool {
    FACE.glyph_index(character).is_some()
}

/// The glyphs of a line of text; [`SUBSTITUTE`] for what is missing.
pub(crate) fn glyphs(text: &str) -> impl Iterator<Item = Glyph> {
    text.char_indices().map(|(at, character)| {
        let id = FACE.glyph_index(character).or_else(|| FACE.glyph_index(SUBSTITUTE)).unwrap_or(GlyphId(0));
        let advance = f32::from(FACE.glyph_hor_advance(id).unwrap_or(0)) / units_per_em();
        Glyph { id, advance, range: at..at + character.len_utf8() }
    })
}

/// Width of a line of text in ems.
pub(crate) fn width(text: &str) -> f32 {
    glyphs(text).map(|glyph| glyph.advance).sum()
}

/// Font units in an em.
pub(crate) fn units_per_em() -> f32 {
    f32::from(FACE.units_per_em())
}

/// Draws a glyph in font units, y upwards; its bounds, or none for a blank.
pub(crate) fn outline(id: GlyphId, builder: &mut dyn OutlineBuilder) -> Option<Rect> {
    FACE.outline_glyph(id, builder)
}

/// Bounds of a glyph in font units, y upwards; none for a blank.
pub(crate) fn bounds(id: GlyphId) -> Option<Rect> {
    FACE.glyph_bounding_box(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typeface_has_what_labels_say() {
        let said = "耕地保护码桩号举报请扫码或拨打设立单位第页共：，。（）、…〓㎡0123456789ABCXYZ-/ ";
        // Characters of village names, the last three outside GB 2312.
        let names = "沙坡头区中宁县海原县兴仁镇彩达村委会墚崾塄";
        for character in said.chars().chain(names.chars()) {
            assert!(has(character), "{character}");
        }
        assert!(!has('𠮷'));
    }

    #[test]
    fn a_missing_character_is_shown_as_a_substitute() {
        let shown: Vec<_> = glyphs("a𠮷").map(|glyph| (glyph.id, glyph.range)).collect();
        assert_eq!(shown[1], (FACE.glyph_index(SUBSTITUTE).unwrap(), 1..5));
    }
}
