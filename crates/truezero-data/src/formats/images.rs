//! PNG and JPEG images: in one folder for each class, named as the class, or all in one folder, or a single one.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgb};

use super::matrix::MatrixBuilder;
use crate::budget::Budget;
use crate::image_shape::brightness;
use crate::source::entries::{count, name, visible};
use crate::{DataError, ImageShape, Notice, Notices, Raw, RawTarget};

/// No image may have more rows or columns of pixels.
pub const MAX_SIDE: u32 = 1 << 14;
/// Bytes the decoding of one image may take.
pub const MAX_IMAGE_MEMORY: u64 = 1 << 28;
/// Names of image files end so, in lower or upper case.
const EXTENSIONS: [&str; 5] = ["png", "jpg", "jpeg", "jpe", "jfif"];
/// Names of images that are not read end so.
const OTHER_EXTENSIONS: [&str; 9] = ["bmp", "gif", "webp", "tif", "tiff", "ppm", "pgm", "heic", "avif"];

/// Images, and the file of each.
pub type Images = (Raw, Vec<PathBuf>);

/// Reads all images of all classes, classes and files in the order of their names. All must have the size of the first,
/// or of those that are expected, as they are to be seen: turned as their EXIF data says. They are grey or in colour as
/// those that are expected; else in colour if one of them is, and grey if none is. An alpha channel is left out, 16 bits
/// become 8. Values are 0 to 255.
///
/// # Errors
/// If a folder cannot be read or holds no images, or an image is broken or of another size; the file is named.
pub fn read_folder(
    folder: &Path,
    expected: Option<ImageShape>,
    notices: &Notices,
) -> Result<Images, DataError> {
    let files = list(folder, notices)?;
    if files.is_empty() {
        let expected = format!("folders of {} images, one for each class", EXTENSIONS[..3].join(", "));
        return Err(DataError::malformed(folder, "folder", expected, "none"));
    }
    let (labels, files): (Vec<String>, Vec<PathBuf>) = files.into_iter().unzip();
    let mut raw = read_files(&files, expected, notices)?;
    raw.target = Some(RawTarget::Labels(labels));
    Ok((raw, files))
}

/// Reads all images of one folder, which have no classes.
///
/// # Errors
/// As [`read_folder`].
pub fn read_flat(
    folder: &Path,
    expected: Option<ImageShape>,
    notices: &Notices,
) -> Result<Images, DataError> {
    let (files, others): (Vec<PathBuf>, Vec<PathBuf>) =
        visible(folder)?.into_iter().partition(|path| is_image(path));
    tell_left_out(folder, &others, notices);
    Ok((read_files(&files, expected, notices)?, files))
}

/// Images of other formats in a folder and its folders: how many, and the first.
pub(crate) fn others(folder: &Path) -> Result<Option<(usize, PathBuf)>, DataError> {
    let mut found = Vec::new();
    for path in visible(folder)? {
        if path.is_dir() {
            found.extend(visible(&path)?);
        } else {
            found.push(path);
        }
    }
    found.retain(|path| ends_as(path, &OTHER_EXTENSIONS));
    let count = found.len();
    Ok(found.into_iter().next().map(|first| (count, first)))
}

/// The images of a folder, of its classes, and of the classes of its parts.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    for _ in ["the folder", "its classes or parts", "the classes of its parts"] {
        let mut inner = Vec::new();
        for folder in folders {
            for path in visible(&folder)? {
                // Only what has another name than that of an image is looked at for being a folder.
                if is_image(&path) {
                    files.push(path);
                } else if path.is_dir() {
                    inner.push(path);
                }
            }
        }
        folders = inner;
    }
    Ok(files)
}

/// Whether there are images in a folder itself.
pub(crate) fn has_images(folder: &Path) -> Result<bool, DataError> {
    Ok(visible(folder)?.iter().any(|path| is_image(path)))
}

/// Reads images as [`read_folder`] does, without classes.
pub(crate) fn read_files(
    files: &[PathBuf],
    expected: Option<ImageShape>,
    notices: &Notices,
) -> Result<Raw, DataError> {
    let open = |path: &Path| -> Result<DynamicImage, DataError> {
        let file = File::open(path).map_err(DataError::io("open", path))?;
        decode(path, BufReader::new(file))
    };
    read_with(files, expected, &open, notices)
}

/// Reads a single image from memory; `name` is what errors call it.
///
/// # Errors
/// If it is not a PNG or JPEG image, is broken or exceeds the limits.
pub fn read_bytes(
    name: &str,
    bytes: &[u8],
    expected: Option<ImageShape>,
    notices: &Notices,
) -> Result<Raw, DataError> {
    let open = |path: &Path| decode(path, Cursor::new(bytes));
    read_with(&[PathBuf::from(name)], expected, &open, notices)
}

type Open<'a> = &'a dyn Fn(&Path) -> Result<DynamicImage, DataError>;

/// Reads all images as those that are expected; else in grey, or all in colour if one of them is.
fn read_with(
    files: &[PathBuf],
    expected: Option<ImageShape>,
    open: Open<'_>,
    notices: &Notices,
) -> Result<Raw, DataError> {
    let mut colour = expected.is_some_and(|expected| expected.channels != 1);
    loop {
        if let Some(raw) = read_as(files, colour, expected, open, notices)? {
            return Ok(raw);
        }
        colour = true;
    }
}

/// Reads all images in grey or in colour; none if one of them is in colour and nothing says that it is to be grey.
fn read_as(
    files: &[PathBuf],
    colour: bool,
    known: Option<ImageShape>,
    open: Open<'_>,
    notices: &Notices,
) -> Result<Option<Raw>, DataError> {
    let Some(first) = files.first() else {
        return Err(DataError::unsuitable("images", "at least one", "none"));
    };
    // All images become one matrix. (Of an image in memory there is no file.)
    let size_of_file = |path: &PathBuf| path.metadata().map_or(0, |found| found.len());
    let budget = Arc::new(Budget::new(first, files.iter().map(size_of_file).sum()));
    let mut shape = known;
    let mut matrix = None;
    let mut pixels: Vec<f32> = Vec::new();
    let (mut greys, mut colours, mut transparent) = (Vec::new(), Vec::new(), Vec::new());
    for path in files {
        let image = open(path)?;
        let coloured = image.color().has_color();
        match (coloured, colour) {
            (true, false) if known.is_none() => return Ok(None),
            (true, false) => colours.push(path),
            (false, true) => greys.push(path),
            (true, true) | (false, false) => {}
        }
        if image.color().has_alpha() {
            transparent.push(path);
        }
        let (height, width) = (image.height() as usize, image.width() as usize);
        let found = ImageShape { height, width, channels: if colour { 3 } else { 1 } };
        let expected = *shape.get_or_insert(found);
        if found != expected {
            let like = if known.is_some() { "those trained on".to_owned() } else { name(&files[0]) };
            let expected = format!("{}, as {like}", size(expected));
            return Err(DataError::malformed(path, "image", expected, size(found)));
        }
        let numbers = height * width * found.channels;
        if matrix.is_none() {
            budget.take((numbers * size_of::<f32>()) as u64, || "image".to_owned())?;
            matrix = Some(MatrixBuilder::new(&budget, files.len(), numbers)?);
        }
        pixels.clear();
        budget.reserve(&mut pixels, numbers, "image")?;
        match (coloured, colour) {
            (_, true) => pixels.extend(image.into_rgb8().into_raw().into_iter().map(f32::from)),
            (false, false) => pixels.extend(image.into_luma8().into_raw().into_iter().map(f32::from)),
            (true, false) => {
                pixels.extend(
                    image.into_rgb8().pixels().map(|Rgb(colour)| brightness(&colour.map(f64::from)) as f32),
                );
            }
        }
        if let Some(matrix) = &mut matrix {
            matrix.push(&pixels)?;
        }
    }
    let tell = |which: &[&PathBuf], what: &str| {
        if let [first, ..] = which {
            let message = format!("{} of {}: {what}", which.len(), count(files.len(), "image"));
            notices.tell(Notice::new(first.display().to_string(), message));
        }
    };
    let others = if known.is_some() { "those trained on" } else { "other images" };
    tell(&greys, &format!("grey, made colour, as {others} are"));
    tell(&colours, &format!("in colour, made grey, as {others} are"));
    tell(&transparent, "transparent, taken without it");
    let features = matrix.map(MatrixBuilder::finish);
    Ok(features.map(|features| Raw { features, target: None, image: shape }))
}

/// The class and path of each image.
fn list(folder: &Path, notices: &Notices) -> Result<Vec<(String, PathBuf)>, DataError> {
    let (mut files, mut others) = (Vec::new(), Vec::new());
    for class in visible(folder)? {
        if !class.is_dir() {
            others.push(class);
            continue;
        }
        let (before, label) = (files.len(), name(&class));
        for path in visible(&class)? {
            if is_image(&path) {
                files.push((label.clone(), path));
            } else {
                others.push(path);
            }
        }
        if files.len() == before {
            let message = "no PNG or JPEG images in it, so it is no class";
            notices.tell(Notice::new(class.display().to_string(), message));
        }
    }
    tell_left_out(folder, &others, notices);
    Ok(files)
}

/// Tells of folders and images that are not read; other files, as a README, often stand beside images.
fn tell_left_out(folder: &Path, others: &[PathBuf], notices: &Notices) {
    let place = folder.display().to_string();
    let tell = |what: &str, left_out: &[&PathBuf], why: &str| {
        if let [first, ..] = left_out {
            let first = first.strip_prefix(folder).unwrap_or(first).display();
            let message = format!("{} left out, such as {first}: {why}", count(left_out.len(), what));
            notices.tell(Notice::new(place.clone(), message));
        }
    };
    let folders: Vec<&PathBuf> = others.iter().filter(|path| path.is_dir()).collect();
    tell("folder", &folders, "images are looked for in the folder of their class only");
    let images: Vec<&PathBuf> = others
        .iter()
        .filter(|path| path.is_file() && (ends_as(path, &EXTENSIONS) || ends_as(path, &OTHER_EXTENSIONS)))
        .collect();
    tell("image", &images, "PNG and JPEG images in the folder of their class are read");
}

/// Whether a file is named as an image is.
fn is_image(path: &Path) -> bool {
    ends_as(path, &EXTENSIONS) && path.is_file()
}

fn ends_as(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

fn decode(path: &Path, reader: impl BufRead + Seek) -> Result<DynamicImage, DataError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_IMAGE_MEMORY);
    let mut reader = ImageReader::new(reader).with_guessed_format().map_err(DataError::io("read", path))?;
    reader.limits(limits);
    let decoded = reader.into_decoder().and_then(|mut decoder| {
        let orientation = decoder.orientation()?;
        let memory = decoder.total_bytes();
        let image = (memory <= MAX_IMAGE_MEMORY).then(|| DynamicImage::from_decoder(decoder)).transpose()?;
        Ok(image.map(|mut image| {
            image.apply_orientation(orientation);
            image
        }))
    });
    match decoded {
        Ok(Some(image)) => Ok(image),
        Ok(None) => {
            let expected = format!("one that takes at most {} MiB", MAX_IMAGE_MEMORY >> 20);
            Err(DataError::malformed(path, "image", expected, "a larger one"))
        }
        Err(error) => {
            Err(DataError::malformed(path, "image", "a PNG or JPEG image", error.to_string().trim_end()))
        }
    }
}

fn size(ImageShape { height, width, .. }: ImageShape) -> String {
    format!("{height} × {width} pixels")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use image::{GrayImage, Luma, RgbImage};
    use truezero_sparse::{Batch, DenseBatch};

    use super::*;
    use crate::Features;

    #[test]
    fn classes_are_folders() {
        let folder = tempfile::tempdir().unwrap();
        for (class, value) in [("dog", 3u8), ("cat", 200)] {
            fs::create_dir(folder.path().join(class)).unwrap();
            let image = GrayImage::from_pixel(2, 1, Luma([value]));
            image.save(folder.path().join(class).join("1.PNG")).unwrap();
        }
        fs::write(folder.path().join("README.md"), "not a class").unwrap();
        fs::write(folder.path().join("cat/notes.txt"), "not an image").unwrap();
        let (raw, files) = read_folder(folder.path(), None, &Notices::default()).unwrap();
        assert_eq!(files, [folder.path().join("cat/1.PNG"), folder.path().join("dog/1.PNG")]);
        assert_eq!(raw.target, Some(RawTarget::Labels(vec!["cat".into(), "dog".into()])));
        assert_eq!(raw.image, Some(ImageShape { height: 1, width: 2, channels: 1 }));
        let Features::Matrix(batch) = raw.features else { panic!("expected a matrix") };
        assert_eq!(batch, Batch::Dense(DenseBatch::from_rows(2, &[200.0, 200.0, 3.0, 3.0])));

        // A picture in colour makes all of them colour, which is told.
        RgbImage::from_pixel(2, 1, Rgb([1, 2, 3])).save(folder.path().join("dog/2.png")).unwrap();
        let notices = Notices::default();
        let (raw, _) = read_folder(folder.path(), None, &notices).unwrap();
        assert_eq!(raw.image, Some(ImageShape { height: 1, width: 2, channels: 3 }));
        let Features::Matrix(batch) = raw.features else { panic!("expected a matrix") };
        let rows = [[200.0; 6], [3.0; 6], [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]].concat();
        assert_eq!(batch, Batch::Dense(DenseBatch::from_rows(6, &rows)));
        let told = notices.all();
        assert_eq!(told[0].message, "2 of 3 images: grey, made colour, as other images are");

        GrayImage::from_pixel(3, 1, Luma([0])).save(folder.path().join("dog/3.png")).unwrap();
        let error = read_folder(folder.path(), None, &notices).unwrap_err().to_string();
        let expected = "dog/3.png: image: expected 1 × 2 pixels, as 1.PNG, found 1 × 3 pixels";
        assert!(error.ends_with(expected), "{error}");
        fs::write(folder.path().join("cat/0.jpg"), b"\xff\xd8\xff no image").unwrap();
        let error = read_folder(folder.path(), None, &notices).unwrap_err().to_string();
        assert!(error.contains("cat/0.jpg: image: expected a PNG or JPEG image, found"), "{error}");
    }

    #[test]
    fn a_folder_without_images_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_folder(folder.path(), None, &Notices::default()).unwrap_err().to_string();
        assert!(error.ends_with("expected folders of png, jpg, jpeg images, one for each class, found none"));
    }

    #[test]
    fn what_is_left_out_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for class in ["cat/kittens", "dog", "empty", ".ipynb_checkpoints", "__MACOSX"] {
            fs::create_dir_all(folder.path().join(class)).unwrap();
        }
        for name in ["cat/1.png", "cat/kittens/2.png", "dog/1.png", "3.png", ".ipynb_checkpoints/1.png"] {
            GrayImage::from_pixel(2, 1, Luma([9])).save(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("dog/2.bmp"), "BM").unwrap();
        fs::write(folder.path().join("dog/._1.png"), "Mac OS X").unwrap();
        let notices = Notices::default();
        let (raw, files) = read_folder(folder.path(), None, &notices).unwrap();
        assert_eq!((raw.examples(), files.len()), (2, 2));
        let told: Vec<String> = notices.all().into_iter().map(|notice| notice.message).collect();
        assert_eq!(
            told,
            [
                "no PNG or JPEG images in it, so it is no class",
                "1 folder left out, such as cat/kittens: images are looked for in the folder of their class only",
                "2 images left out, such as 3.png: PNG and JPEG images in the folder of their class are read",
            ]
        );
    }

    #[test]
    fn images_are_seen_as_they_are_to_be_seen() {
        // EXIF data in a PNG: orientation 6 is a quarter turn to the right.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("turned.png");
        let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        let mut encoder = image::codecs::png::PngEncoder::new(File::create(&path).unwrap());
        image::ImageEncoder::set_exif_metadata(&mut encoder, exif).unwrap();
        GrayImage::from_raw(2, 1, vec![10, 20]).unwrap().write_with_encoder(encoder).unwrap();
        let raw = read_files(&[path], None, &Notices::default()).unwrap();
        assert_eq!(raw.image, Some(ImageShape { height: 2, width: 1, channels: 1 }));
        // Sixteen bits become eight.
        let path = folder.path().join("deep.png");
        let deep = image::ImageBuffer::<Luma<u16>, _>::from_raw(2, 1, vec![0, 0xffff]).unwrap();
        deep.save(&path).unwrap();
        let raw = read_files(&[path], None, &Notices::default()).unwrap();
        let Features::Matrix(batch) = raw.features.in_form(true) else { panic!("expected a matrix") };
        assert_eq!(batch, Batch::Dense(DenseBatch::from_rows(2, &[0.0, 255.0])));
    }
}
