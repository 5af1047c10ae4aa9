use super::*;
use crate::crypto::Keyring;
use crate::posts::qr::QUIET_ZONE;
use crate::posts::tag::{PostNumber, issue};

const CODE: &str = "6405021022100100001X";
const UNIT: &str = "中卫市沙坡头区自然资源局";

fn label_in(village: &str) -> Label {
    let code = ParcelCode::parse(CODE).unwrap();
    let tag = issue(&Keyring::generate(|| [42; 32]), &code, PostNumber::new(4711).unwrap()).unwrap();
    Label::new("https://gengwei.nxzw.gov.cn", code, &tag, village, UNIT).unwrap()
}

/// What a scanner makes of a picture, each pixel given by its green.
fn scan(picture: &raster::Picture) -> Option<String> {
    let (width, height) = (picture.width, picture.height);
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| picture.pixels[y * width + x][1]);
    let grids = image.detect_grids();
    grids.iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
}

fn decode_png(bytes: &[u8]) -> (raster::Picture, png::Info<'static>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut raw = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut raw).unwrap();
    let info = reader.info().clone();
    let pixels = raw.as_chunks::<3>().0.to_vec();
    (raster::Picture { width: info.width as usize, height: info.height as usize, pixels }, info)
}

#[test]
fn a_label_says_what_a_sign_must() {
    for size in LabelSize::ALL {
        let drawing = label_in("柔远镇柔远村").draw(size).unwrap();
        let words: String = drawing.lines.iter().map(|line| line.text.as_str()).collect();
        let words = words.replace(' ', "");
        for said in ["耕地保护码", "640502102210", "0100001X", "柔远镇柔远村", "桩号4711", "12345", UNIT]
        {
            assert!(words.contains(said), "{said} is not on {size}: {words}");
        }
    }
}

#[test]
fn words_keep_off_the_symbol_the_edge_and_each_other() {
    let endless = "沙坡头区香山乡".repeat(20);
    for size in LabelSize::ALL {
        for village in
            ["村", "兴仁镇郝集村村民委员会", "香山乡三眼井村（原沙坡头区香山乡米粮川村）", &endless]
        {
            let drawing = label_in(village).draw(size).unwrap();
            let placed = &drawing.symbol;
            let symbol_ends =
                placed.origin().0 + placed.module() * (placed.symbol.width() + QUIET_ZONE) as f32;
            let mut lines: Vec<&Line> = drawing.lines.iter().filter(|line| line.ink != Ink::White).collect();
            lines.sort_by(|a, b| a.baseline.total_cmp(&b.baseline));
            for line in &lines {
                let right = line.x + typeface::width(&line.text) * line.size;
                assert!(line.x >= symbol_ends - 0.01, "{size} {line:?}");
                assert!(right <= drawing.width - 1.0, "{size} {right} {line:?}");
                assert!(line.baseline + 0.2 * line.size <= drawing.height, "{size} {line:?}");
            }
            for pair in lines.windows(2) {
                assert!(pair[1].baseline - pair[0].baseline >= pair[1].size * 0.99, "{size} {pair:?}");
            }
            let shown: String = drawing.lines.iter().map(|line| line.text.as_str()).collect();
            assert!(shown.contains(village), "nothing of a name is cut off");
        }
    }
}

#[test]
fn a_clean_label_reads_at_every_size_and_resolution() {
    let label = label_in("柔远镇柔远村");
    for size in LabelSize::ALL {
        let least = raster::least_dpi(&label.draw(size).unwrap());
        for dpi in [least, 203, 300] {
            let (picture, info) = decode_png(&label.png(size, dpi).unwrap());
            let (width, height) = size.millimetres();
            assert_eq!(picture.width, (width * dpi as f32 / 25.4).round() as usize);
            assert_eq!(picture.height, (height * dpi as f32 / 25.4).round() as usize);
            assert_eq!(info.pixel_dims.unwrap().xppu, (dpi as f32 / 0.0254).round() as u32);
            assert_eq!(scan(&picture).as_deref(), Some(label.url()), "{size} at {dpi} dpi");
        }
    }
}

#[test]
fn a_useless_resolution_is_refused_with_the_range() {
    let label = label_in("柔远镇柔远村");
    for dpi in [0, 30, MAX_DPI + 1, u32::MAX] {
        let Err(LabelError::Resolution { least, .. }) = label.png(LabelSize::Paper, dpi) else {
            panic!("{dpi} dpi was taken");
        };
        assert!(label.png(LabelSize::Paper, least).is_ok());
    }
}

#[test]
fn the_svg_is_well_formed_and_needs_no_font() {
    let svg = label_in("甲<村>&乙\u{1}村").svg(LabelSize::Card).unwrap();
    assert!(
        svg.contains("<title>耕地保护码 640502 102 210 01 00001 X 甲&lt;村&gt;&amp;乙 村 桩号 4711</title>")
    );
    assert!(!svg.contains("<text") && !svg.contains("font-family"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    assert_eq!(svg.matches("<path").count(), 1 + svg.matches(") scale(").count() - 1);
    assert_eq!(svg.matches('<').count(), svg.matches('>').count());
}

#[test]
fn a_character_without_a_shape_is_counted() {
    let label = label_in("𠮷家村𠮷");
    assert_eq!(label.missing_characters().collect::<String>(), "𠮷𠮷");
    assert_eq!(label_in("红墚堡村").missing_characters().count(), 0);
}

#[test]
fn sizes_have_names() {
    for size in LabelSize::ALL {
        assert_eq!(size.to_string().parse(), Ok(size));
    }
    assert_eq!("2×5".parse(), Ok(LabelSize::Card));
    assert_eq!("A4".parse::<LabelSize>(), Err(LabelError::Size("A4".to_owned())));
}

/// A small random sequence (splitmix64), the same on every run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 33) % bound as u64) as usize
    }
}

/// Covers, bleaches or smears a square of `share` of the symbol, anywhere off the three finder patterns.
fn damage(
    picture: &mut raster::Picture,
    symbol: &Symbol,
    corner: usize,
    module: usize,
    share: f64,
    seed: u64,
) {
    let mut random = Seeded(seed);
    let extent = symbol.width() * module;
    let side = (share.sqrt() * extent as f64).ceil() as usize;
    let finder = 8 * module;
    let (x, y) = loop {
        let (x, y) = (random.below(extent - side + 1), random.below(extent - side + 1));
        let (left, top) = (x < finder, y < finder);
        let (right, bottom) = (x + side > extent - finder, y + side > extent - finder);
        let over_a_finder = [left && top, right && top, left && bottom].contains(&true);
        if !over_a_finder {
            break (x, y);
        }
    };
    for row in corner + y..corner + y + side {
        for column in corner + x..corner + x + side {
            let grey = match seed % 3 {
                0 => 0,
                1 => 255,
                _ => random.below(256) as u8,
            };
            picture.pixels[row * picture.width + column] = [grey; 3];
        }
    }
}

/// The symbol alone with its quiet zone, `module` pixels a module.
fn picture_of(symbol: &Symbol, module: usize) -> raster::Picture {
    let side = symbol.full_width() * module;
    let dark = |at: usize| (at / module).checked_sub(QUIET_ZONE);
    let pixels = (0..side * side)
        .map(|at| match (dark(at % side), dark(at / side)) {
            (Some(x), Some(y)) if symbol.is_dark(x, y) => [0; 3],
            _ => [255; 3],
        })
        .collect();
    raster::Picture { width: side, height: side, pixels }
}

/// The modules as an exact sampler sees them, decoded: what error correction alone can mend.
fn sample(picture: &raster::Picture, symbol: &Symbol, module: usize) -> Option<String> {
    let middle = |at: usize| (at + QUIET_ZONE) * module + module / 2;
    let dark = |x, y| picture.pixels[middle(y) * picture.width + middle(x)][0] < 128;
    let grid = rqrr::SimpleGrid::from_func(symbol.width(), dark);
    rqrr::Grid::new(grid).decode().ok().map(|(_, text)| text)
}

/// Tests the error correction; finding a soiled symbol in a picture is the scanner's part, and there zbar is the proof:
/// with `GENGWEI_DAMAGED` set to a directory the pictures are left there for scripts/scan-labels.sh.
#[test]
fn a_label_reads_with_a_square_of_15_percent_destroyed() {
    const TRIALS: u64 = 100;
    let label = label_in("柔远镇柔远村");
    let symbol = Symbol::encode(label.url()).unwrap();
    let module = 6;
    let mut read = 0;
    for seed in 0..TRIALS {
        let mut picture = picture_of(&symbol, module);
        damage(&mut picture, &symbol, QUIET_ZONE * module, module, 0.15, seed);
        read += u64::from(sample(&picture, &symbol, module).as_deref() == Some(label.url()));
        if let Some(directory) = std::env::var_os("GENGWEI_DAMAGED") {
            let path = std::path::Path::new(&directory);
            std::fs::write(path.join("url.txt"), label.url()).unwrap();
            std::fs::write(path.join(format!("{seed:03}.png")), encode_png(&picture, 300).unwrap()).unwrap();
        }
    }
    assert!(read * 100 >= TRIALS * 95, "{read} of {TRIALS} damaged labels read");
}

#[test]
fn destroying_half_the_symbol_is_noticed() {
    let label = label_in("柔远镇柔远村");
    let symbol = Symbol::encode(label.url()).unwrap();
    let mut picture = picture_of(&symbol, 6);
    let half = picture.pixels.len() / 2;
    picture.pixels[half..].fill([0; 3]);
    // The trial above would be worthless if this still read.
    assert_eq!(sample(&picture, &symbol, 6), None);
}
