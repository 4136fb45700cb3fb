//! A folder with one folder of PNG or JPEG images for each class, named as the class.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageReader, Limits};

use super::matrix::MatrixBuilder;
use crate::read::Input;
use crate::{DataError, ImageShape, Raw, RawTarget};

/// No image may have more rows or columns of pixels.
pub const MAX_SIDE: u32 = 1 << 14;
/// Bytes the decoding of one image may take.
pub const MAX_IMAGE_MEMORY: u64 = 1 << 28;
/// Names of image files end so, in lower or upper case.
const EXTENSIONS: [&str; 3] = ["png", "jpg", "jpeg"];

/// Reads all images of all classes, classes and files in the order of their names. The first image
/// decides the size and whether all are grey or all are in colour; an alpha channel is left out.
/// Values are 0 to 255.
///
/// # Errors
/// If a folder cannot be read or holds no images, or an image is broken or differs from the first in
/// size or in having colour; the file is named.
pub fn read_folder(folder: &Path) -> Result<Raw, DataError> {
    let files = list(folder)?;
    let mut shape = None;
    let mut matrix = None;
    let mut labels = Vec::new();
    let mut pixels: Vec<f32> = Vec::new();
    for (class, path) in &files {
        let file = File::open(path).map_err(DataError::io("open", path))?;
        let image = decode(path, BufReader::new(file))?;
        let found = shape_of(&image);
        let expected = *shape.get_or_insert(found);
        if found != expected {
            return Err(DataError::malformed(path, "image", describe(expected), describe(found)));
        }
        pixels.clear();
        if found.channels == 1 {
            pixels.extend(image.into_luma8().into_raw().into_iter().map(f32::from));
        } else {
            pixels.extend(image.into_rgb8().into_raw().into_iter().map(f32::from));
        }
        if matrix.is_none() {
            let input = Input::from_bytes(&path.to_string_lossy(), &[]);
            matrix = Some(MatrixBuilder::new(&input, files.len(), pixels.len())?);
        }
        if let Some(matrix) = &mut matrix {
            matrix.push(&pixels);
        }
        labels.push(class.clone());
    }
    let Some(matrix) = matrix else {
        let expected = format!("folders of {} images, one for each class", EXTENSIONS.join(", "));
        return Err(DataError::malformed(folder, "folder", expected, "none"));
    };
    Ok(Raw { features: matrix.finish(), target: Some(RawTarget::Labels(labels)), image: shape })
}

/// Reads a single image from bytes, within the limits; `name` is what errors call it.
///
/// # Errors
/// If it is not a PNG or JPEG image, is broken or exceeds the limits.
pub fn read_bytes(name: &str, bytes: &[u8]) -> Result<ImageShape, DataError> {
    Ok(shape_of(&decode(Path::new(name), Cursor::new(bytes))?))
}

/// The class and path of each image. What is neither an image nor a folder is passed over: such folders
/// often hold a README.
fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let mut files = Vec::new();
    for class in entries(folder)? {
        if !class.is_dir() {
            continue;
        }
        let Some(name) = class.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        for path in entries(&class)? {
            if is_image(&path) && path.is_file() {
                files.push((name.clone(), path));
            }
        }
    }
    Ok(files)
}

/// Whether a file is named as an image is.
fn is_image(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

/// What a folder holds, in the order of names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let entries = fs::read_dir(folder).map_err(DataError::io("read", folder))?;
    let mut paths = entries
        .map(|entry| Ok(entry.map_err(DataError::io("read", folder))?.path()))
        .collect::<Result<Vec<_>, DataError>>()?;
    paths.sort();
    Ok(paths)
}

fn decode(path: &Path, reader: impl BufRead + Seek) -> Result<DynamicImage, DataError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_IMAGE_MEMORY);
    let mut reader = ImageReader::new(reader).with_guessed_format().map_err(DataError::io("read", path))?;
    reader.limits(limits);
    reader.decode().map_err(|error| {
        DataError::malformed(path, "image", "a PNG or JPEG image", error.to_string().trim_end())
    })
}

fn shape_of(image: &DynamicImage) -> ImageShape {
    ImageShape {
        height: image.height() as usize,
        width: image.width() as usize,
        channels: if image.color().has_color() { 3 } else { 1 },
    }
}

fn describe(ImageShape { height, width, channels }: ImageShape) -> String {
    let colours = if channels == 1 { "grey" } else { "colour" };
    format!("{height} × {width} {colours}")
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb, RgbImage};
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
        let raw = read_folder(folder.path()).unwrap();
        assert_eq!(raw.target, Some(RawTarget::Labels(vec!["cat".into(), "dog".into()])));
        assert_eq!(raw.image, Some(ImageShape { height: 1, width: 2, channels: 1 }));
        let Features::Matrix(batch) = raw.features else { panic!("expected a matrix") };
        assert_eq!(batch, Batch::Dense(DenseBatch::from_rows(2, &[200.0, 200.0, 3.0, 3.0])));

        RgbImage::from_pixel(2, 1, Rgb([1, 2, 3])).save(folder.path().join("dog/2.png")).unwrap();
        let error = read_folder(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("dog/2.png: image: expected 1 × 2 grey, found 1 × 2 colour"), "{error}");
        fs::write(folder.path().join("cat/0.jpg"), b"\xff\xd8\xff no image").unwrap();
        let error = read_folder(folder.path()).unwrap_err().to_string();
        assert!(error.contains("cat/0.jpg: image: expected a PNG or JPEG image, found"), "{error}");
    }

    #[test]
    fn a_folder_without_images_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_folder(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("expected folders of png, jpg, jpeg images, one for each class, found none"));
    }
}
