//! Printed labels as a phone sees them: rendered to pixels, damaged, and read with zbar.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::Command;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Renders every page of a PDF to a PNG of so many dots per inch; the pages in order.
pub fn render(pdf: &Path, dpi: u32) -> Vec<PathBuf> {
    let stem = pdf.with_extension("");
    let done =
        Command::new("pdftoppm").args(["-gray", "-png", "-r", &dpi.to_string()]).arg(pdf).arg(&stem).output();
    let done = done.expect("pdftoppm is installed (scripts/setup.sh test)");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let name = stem.file_name().expect("a file name").to_string_lossy().into_owned() + "-";
    let folder = pdf.parent().expect("a folder").read_dir().expect("readable");
    let files = folder.map(|entry| entry.expect("readable").path());
    let page = |path: &PathBuf| {
        path.extension().is_some_and(|ext| ext == "png") && file_name(path).starts_with(&name)
    };
    let mut pages: Vec<_> = files.filter(page).collect();
    pages.sort();
    pages
}

/// What the QR symbols in these pictures say, in no particular order.
pub fn read(pictures: &[PathBuf]) -> Vec<String> {
    let (mut texts, options) = (Vec::new(), ["-q", "--raw", "-Sdisable", "-Sqrcode.enable"]);
    for some in pictures.chunks(50) {
        let done = Command::new("zbarimg").args(options).args(some).output();
        let done = done.expect("zbarimg is installed (scripts/setup.sh test)");
        // Status 4 says that a picture had no symbol that can be read; the caller counts.
        assert!(matches!(done.status.code(), Some(0 | 4)), "{}", String::from_utf8_lossy(&done.stderr));
        texts.extend(String::from_utf8_lossy(&done.stdout).lines().map(str::to_owned));
    }
    texts
}

/// A picture of one label in grey, and where its symbol is.
#[derive(Clone)]
pub struct Label {
    width: usize,
    height: usize,
    grey: Vec<u8>,
    left: usize,
    top: usize,
    side: usize,
    module: f64,
}

impl Label {
    /// Opens a PNG of one label and looks for the three finder patterns of its symbol.
    pub fn open(path: &Path) -> Self {
        let mut decoder = png::Decoder::new(BufReader::new(File::open(path).expect("a picture")));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().expect("a PNG");
        let mut bytes = vec![0; reader.output_buffer_size().expect("a size that fits")];
        let frame = reader.next_frame(&mut bytes).expect("a frame");
        let (width, height) = (frame.width as usize, frame.height as usize);
        let channels = frame.color_type.samples();
        let grey: Vec<_> =
            bytes[..frame.buffer_size()].chunks_exact(channels).map(|pixel| pixel[0]).collect();
        let mut label = Self { width, height, grey, left: 0, top: 0, side: 0, module: 0.0 };
        label.locate();
        label
    }

    /// Share of the symbol's area that a square of `pixels` covers.
    pub fn share(&self, pixels: usize) -> f64 {
        (pixels * pixels) as f64 / (self.side * self.side) as f64
    }

    /// Covers a square of a share of the symbol's area at a place drawn from `seed`, off the three finder
    /// patterns or right over the upper left one: with grit (even seeds) or one tone of paint (odd seeds).
    pub fn damaged(&self, share: f64, over_finder: bool, seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let dirt = ((self.side as f64) * share.sqrt()).round() as usize;
        let (x, y) = loop {
            let room = self.side - dirt;
            let (x, y) = (chance.random_range(0..=room), chance.random_range(0..=room));
            if over_finder {
                break (0, 0);
            }
            if !self.touches_finder(x, y, dirt) {
                break (x, y);
            }
        };
        let paint: u8 = chance.random();
        let mut picture = self.clone();
        for row in self.top + y..self.top + y + dirt {
            for column in self.left + x..self.left + x + dirt {
                picture.grey[row * self.width + column] =
                    if seed.is_multiple_of(2) { chance.random() } else { paint };
            }
        }
        picture
    }

    /// Writes the picture as PNG.
    pub fn save(&self, path: &Path) {
        let file = BufWriter::new(File::create(path).expect("a file"));
        let mut encoder = png::Encoder::new(file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_compression(png::Compression::Fastest);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(&self.grey).expect("written");
    }

    fn dark(&self, x: usize, y: usize) -> bool {
        self.grey[y * self.width + x] < 128
    }

    fn locate(&mut self) {
        for y in 0..self.height {
            let mut x = 0;
            while x < self.width {
                let run = (x..self.width).take_while(|&x| self.dark(x, y)).count();
                if let Some(side) = self.symbol_at(x, y, run) {
                    (self.left, self.top, self.side, self.module) = (x, y, side, run as f64 / 7.0);
                    return;
                }
                x += run.max(1);
            }
        }
        panic!("no QR symbol in the picture");
    }

    /// The side of the symbol whose upper left finder pattern has its upper edge, `run` pixels long, here.
    fn symbol_at(&self, x: usize, y: usize, run: usize) -> Option<usize> {
        let module = run as f64 / 7.0;
        // Versions 1, 2, 3… have 21, 25, 29… modules.
        let sides = (21..=177).step_by(4).map(|modules| (modules as f64 * module).round() as usize);
        sides.take_while(|side| x + side <= self.width && y + side <= self.height).find(|side| {
            let far = side - run;
            run >= 14
                && self.finder(x, y, run)
                && self.finder(x + far, y, run)
                && self.finder(x, y + far, run)
        })
    }

    /// Whether a finder pattern is in this square: a dark frame, a light one, a dark heart of three modules.
    fn finder(&self, x: usize, y: usize, run: usize) -> bool {
        let module = run as f64 / 7.0;
        (0..7).all(|row: usize| {
            (0..7).all(|column: usize| {
                let at = |start: usize, modules: usize| start + ((modules as f64 + 0.5) * module) as usize;
                let from_rim = row.min(6 - row).min(column.min(6 - column));
                self.dark(at(x, column), at(y, row)) == (from_rim != 1)
            })
        })
    }

    fn touches_finder(&self, x: usize, y: usize, dirt: usize) -> bool {
        let finder = (self.module * 8.0).ceil() as usize; // seven modules and the light separator
        let far = self.side - finder;
        let (at_left, at_right) = (x < finder, x + dirt > far);
        let (at_top, at_bottom) = (y < finder, y + dirt > far);
        at_top && (at_left || at_right) || at_bottom && at_left
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
