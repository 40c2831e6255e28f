//! Screenshots: kept for people in `target/screenshots`, and judged only for not being blank.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::driver::Browser;

/// How a screenshot looks.
#[derive(Debug)]
pub(crate) struct Picture {
    /// How many colours it has.
    pub(crate) colours: u64,
    /// Which share of it has the colour that is most of it.
    pub(crate) most: f64,
}

impl Picture {
    /// Letters alone bring dozens of shades; a blank window, or one without its style, is one colour nearly everywhere.
    pub(crate) fn is_blank(&self) -> bool {
        self.colours <= 20 || self.most >= 0.95
    }
}

/// Keeps what the browser shows as `NAME.png`, and asserts that something is to be seen on it.
pub(crate) fn keep(browser: &Browser, name: &str) {
    let picture = take(browser, name);
    assert!(!picture.is_blank(), "{name} is blank: {picture:?}");
}

/// Keeps what the browser shows as `NAME.png`.
pub(crate) fn take(browser: &Browser, name: &str) -> Picture {
    let png = browser.screenshot();
    let folder = folder();
    std::fs::create_dir_all(&folder).expect("a folder for screenshots");
    let file = folder.join(name).with_extension("png");
    std::fs::write(&file, decode(&png)).expect("write the screenshot");
    // The page's own policy forbids what counts the colours.
    let shown = browser.window();
    browser.new_window();
    let colours = browser.run_async(COUNT_COLOURS, &json!([png]));
    browser.close();
    browser.look_at(&shown);
    Picture {
        colours: colours["count"].as_u64().unwrap_or(0),
        most: colours["most"].as_f64().unwrap_or(1.0),
    }
}

const COUNT_COLOURS: &str = "
    const image = new Image()
    image.src = 'data:image/png;base64,' + arguments[0]
    await image.decode()
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d')
    canvas.drawImage(image, 0, 0)
    const pixels = new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer)
    const counts = new Map()
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1)
    return {count: counts.size, most: Math.max(...counts.values()) / pixels.length}";

/// `target/screenshots`: cargo gives tests a folder beside it.
fn folder() -> PathBuf {
    let own = Path::new(env!("CARGO_TARGET_TMPDIR"));
    own.parent().expect("the target folder").join("screenshots")
}

/// Base64 (RFC 4648, section 4).
fn decode(text: &str) -> Vec<u8> {
    let mut bits = 0_u32;
    let mut held = 0;
    let mut bytes = Vec::new();
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    bytes
}
