//! Pixels: a photo opened upright, made smaller, written on, blackened. Pure functions.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, RgbImage};

use crate::posts::drawing::Ink;
use crate::posts::drawing::raster::Picture;
use crate::posts::drawing::typeface;

/// Sides in pixels beyond which nothing is opened: a few bytes can claim to be a picture of gigabytes.
const LARGEST_SIDE: u32 = 16_384;
/// Memory for one opened picture: 100 megapixels in RGB and some.
const MOST_MEMORY: u64 = 400 * 1024 * 1024;
const QUALITY: u8 = 82;

/// A photo's pixels as a person sees them: turned as its EXIF says. What becomes of them carries no EXIF.
pub(crate) fn upright(bytes: &[u8]) -> Result<RgbImage, ImageError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}

/// At most `side` pixels wide and high; never larger than it was.
pub(crate) fn fitted(picture: RgbImage, side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    if width.max(height) <= side {
        return picture;
    }
    DynamicImage::ImageRgb8(picture).thumbnail(side, side).into_rgb8()
}

/// As JPEG, without any metadata.
pub(crate) fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(picture)?;
    Ok(bytes)
}

/// A part of a picture, in shares of its width and height.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rectangle {
    /// From the left, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub x: f64,
    /// From above, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub y: f64,
    /// Above 0, to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub width: f64,
    /// Above 0, to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub height: f64,
}

impl Rectangle {
    /// Whether it lies in the picture and covers something.
    pub(crate) fn is_inside(&self) -> bool {
        let share = |v: f64| (0.0..=1.0).contains(&v);
        let ends = share(self.x + self.width - 1e-9) && share(self.y + self.height - 1e-9);
        share(self.x) && share(self.y) && self.width > 0.0 && self.height > 0.0 && ends
    }
}

/// Blackens every pixel that a rectangle touches: what was there is gone.
pub(crate) fn blacken(picture: &mut RgbImage, rectangles: &[Rectangle]) {
    let (width, height) = picture.dimensions();
    let first = |share: f64, pixels: u32| (share * f64::from(pixels)).floor().max(0.0) as u32;
    let last = |share: f64, pixels: u32| ((share * f64::from(pixels)).ceil() as u32).min(pixels);
    for r in rectangles {
        for y in first(r.y, height)..last(r.y + r.height, height) {
            for x in first(r.x, width)..last(r.x + r.width, width) {
                picture.put_pixel(x, y, image::Rgb([0, 0, 0]));
            }
        }
    }
}

/// Writes lines on a darkened band at the lower edge.
pub(crate) fn caption(picture: RgbImage, lines: &[String]) -> RgbImage {
    let (width, height) = picture.dimensions();
    let widest = lines.iter().map(|line| typeface::width(line)).fold(1.0, f32::max);
    // As large as the picture allows, and small enough for the longest line.
    let em = (height as f32 / 24.0).min(width as f32 / (widest + 2.0)).max(6.0);
    let line_height = em * 1.35;
    let band = (line_height * lines.len() as f32 + em * 0.6).min(height as f32);
    let top = height as usize - band as usize;
    let (pixels, _) = picture.as_raw().as_chunks::<3>();
    let mut canvas = Picture { width: width as usize, height: height as usize, pixels: pixels.to_vec() };
    for pixel in &mut canvas.pixels[top * width as usize..] {
        *pixel = pixel.map(|channel| (f32::from(channel) * 0.35) as u8);
    }
    for (n, line) in lines.iter().enumerate() {
        let baseline = top as f32 + em * 0.3 + line_height * (n as f32 + 0.8);
        canvas.text(line, em * 0.6, baseline, em, Ink::White);
    }
    RgbImage::from_raw(width, height, canvas.pixels.into_flattened()).expect("as many pixels as before")
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    /// Red above, blue below; wider than high.
    fn two_halves() -> RgbImage {
        RgbImage::from_fn(64, 32, |_, y| if y < 16 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) })
    }

    /// A JPEG whose EXIF says that it must be turned a quarter to the right, and where it was taken.
    fn turned() -> Vec<u8> {
        let jpeg = jpeg(&two_halves()).unwrap();
        let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        tiff.extend(b"GPS 37.5 105.2");
        let mut bytes = jpeg[..2].to_vec();
        let length = u16::try_from(tiff.len() + 8).unwrap();
        bytes.extend([0xFF, 0xE1]);
        bytes.extend(length.to_be_bytes());
        bytes.extend(b"Exif\0\0");
        bytes.extend(&tiff);
        bytes.extend(&jpeg[2..]);
        bytes
    }

    fn near(pixel: &Rgb<u8>, colour: [u8; 3]) -> bool {
        pixel.0.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 40)
    }

    fn holds(bytes: &[u8], text: &[u8]) -> bool {
        bytes.windows(text.len()).any(|window| window == text)
    }

    #[test]
    fn a_photo_is_turned_as_its_exif_says_and_loses_it() {
        let bytes = turned();
        assert!(holds(&bytes, b"GPS") && holds(&bytes, b"Exif"));
        let picture = upright(&bytes).unwrap();
        assert_eq!(picture.dimensions(), (32, 64));
        // What was above is now on the right.
        assert!(near(picture.get_pixel(28, 30), [220, 20, 20]), "{:?}", picture.get_pixel(28, 30));
        assert!(near(picture.get_pixel(3, 30), [20, 20, 220]));
        let copy = jpeg(&picture).unwrap();
        assert!(!holds(&copy, b"GPS") && !holds(&copy, b"Exif"));
        assert_eq!(upright(&copy).unwrap().dimensions(), (32, 64));
    }

    #[test]
    fn what_is_blackened_is_gone() {
        let face = Rectangle { x: 0.26, y: 0.0, width: 0.24, height: 0.49 };
        let blackened = |mut picture: RgbImage| {
            blacken(&mut picture, &[face]);
            picture
        };
        let one = blackened(two_halves());
        // Another face at the same place: nothing tells the copies apart.
        let mut other = two_halves();
        for (x, y, pixel) in other.enumerate_pixels_mut() {
            if (17..32).contains(&x) && y < 15 {
                *pixel = Rgb([x as u8, y as u8, 99]);
            }
        }
        assert_eq!(jpeg(&one).unwrap(), jpeg(&blackened(other)).unwrap());
        assert_eq!(one.get_pixel(16, 0), &Rgb([0, 0, 0]), "pixels that are touched are gone whole");
        assert_eq!(one.get_pixel(31, 15), &Rgb([0, 0, 0]));
        assert!(near(one.get_pixel(32, 0), [220, 20, 20]));
    }

    #[test]
    fn a_thumbnail_keeps_the_shape_and_never_grows() {
        assert_eq!(fitted(two_halves(), 16).dimensions(), (16, 8));
        assert_eq!(fitted(two_halves(), 500).dimensions(), (64, 32));
    }

    #[test]
    fn a_caption_is_written_below_and_leaves_the_rest_alone() {
        let picture = RgbImage::from_pixel(400, 300, Rgb([200, 200, 200]));
        let written = caption(picture, &["2026-11-24 08:30:00".to_owned(), "沙坡头区 张三".to_owned()]);
        assert_eq!(written.get_pixel(10, 100), &Rgb([200, 200, 200]));
        // Edges are smoothed: few pixels are pure white, but all of a letter are lighter than the picture was.
        let light = written.pixels().filter(|pixel| pixel.0.iter().all(|channel| *channel > 220)).count();
        assert!(light > 50, "{light} light pixels");
        // Smaller than its caption, and no panic.
        caption(RgbImage::from_pixel(1, 1, Rgb([0, 0, 0])), &["很长很长的一行".to_owned()]);
    }

    #[test]
    fn damaged_and_boundless_pictures_are_refused() {
        let bytes = turned();
        for at in [2, 10, 40, 100] {
            assert!(upright(&bytes[..at]).is_err());
        }
        assert!(upright(b"GIF89a").is_err());
        // 60,000 by 60,000 pixels in a few bytes.
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0".to_vec();
        png.extend([0; 64]);
        assert!(upright(&png).is_err());
    }

    #[test]
    fn rectangles_lie_in_the_picture() {
        let inside = |x, y, width, height| Rectangle { x, y, width, height }.is_inside();
        assert!(inside(0.0, 0.0, 1.0, 1.0) && inside(0.9, 0.9, 0.1, 0.1));
        assert!(!inside(0.5, 0.5, 0.6, 0.1) && !inside(-0.1, 0.0, 0.5, 0.5) && !inside(0.1, 0.1, 0.0, 0.1));
        assert!(!inside(f64::NAN, 0.0, 0.5, 0.5));
    }
}
