//! A picture in the terminal: by its own graphics (kitty, iTerm, sixel) where it has them, else in half blocks.

use std::io::{self, Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use icy_sixel::{DiffusionMethod, MethodForLargest, MethodForRep, PixelFormat, Quality};
use image::{ImageFormat, RgbImage};

use crate::photo::resized;

/// How a terminal shows pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Graphics {
    /// <https://sw.kovidgoyal.net/kitty/graphics-protocol/>
    Kitty,
    /// <https://iterm2.com/documentation-images.html>
    Iterm,
    /// <https://vt100.net/docs/vt3xx-gp/chapter14.html>
    Sixel,
    /// Two pixels a letter, in 16 million colours or in the 256 that nearly every terminal has.
    HalfBlocks { all_colours: bool },
}

/// Bytes that kitty takes in one command.
const CHUNK: usize = 4096;

impl Graphics {
    /// Those of the terminal that the variables tell of. Terminals could be asked what they can show, but one that does not
    /// answer would keep the question waiting for ever.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let called = ["TERM", "TERM_PROGRAM"].map(|name| variable(name).unwrap_or_default().to_lowercase());
        let is_one_of = |names: &[&str], variables: &[&str]| {
            names.iter().any(|name| called.iter().any(|called| called.contains(name)))
                || variables.iter().any(|name| variable(name).is_some())
        };
        // In tmux and screen the variables are of the terminal around them, which gets none of it.
        let is_inside = is_one_of(&["tmux", "screen"], &["TMUX", "STY"]);
        if is_one_of(&["kitty", "ghostty"], &["KITTY_WINDOW_ID"]) && !is_inside {
            Self::Kitty
        } else if is_one_of(&["iterm", "wezterm"], &[]) && !is_inside {
            Self::Iterm
        } else if is_one_of(&["foot", "mlterm", "contour", "sixel"], &["KONSOLE_VERSION", "WT_SESSION"]) && !is_inside {
            Self::Sixel
        } else {
            let colours = variable("COLORTERM").unwrap_or_default();
            Self::HalfBlocks { all_colours: matches!(colours.as_str(), "truecolor" | "24bit") }
        }
    }

    /// Shows a picture `lines` lines high, and goes to the line below it.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn show(self, picture: &RgbImage, lines: u32, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Kitty => {
                let data = png(picture)?;
                let last = data.len().div_ceil(CHUNK) - 1;
                for (index, chunk) in data.as_bytes().chunks(CHUNK).enumerate() {
                    let start = if index == 0 { format!("f=100,a=T,r={lines},") } else { String::new() };
                    write!(out, "\x1b_G{start}m={};", u8::from(index < last))?;
                    out.write_all(chunk)?;
                    write!(out, "\x1b\\")?;
                }
                writeln!(out)
            }
            Self::Iterm => writeln!(out, "\x1b]1337;File=inline=1;height={lines}:{}\x07", png(picture)?),
            Self::Sixel => {
                let (width, height) = (picture.width() as i32, picture.height() as i32);
                let sixels = icy_sixel::sixel_string(
                    picture,
                    width,
                    height,
                    PixelFormat::RGB888,
                    DiffusionMethod::Auto,
                    MethodForLargest::Auto,
                    MethodForRep::Auto,
                    Quality::AUTO,
                );
                writeln!(out, "{}", sixels.map_err(|error| io::Error::other(error.to_string()))?)
            }
            Self::HalfBlocks { all_colours } => half_blocks(picture, lines, all_colours, out),
        }
    }
}

fn png(picture: &RgbImage) -> io::Result<String> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).map_err(io::Error::other)?;
    Ok(BASE64.encode(bytes.into_inner()))
}

/// A letter is about twice as high as wide: its upper half is a pixel, and so is what is behind the lower half.
fn half_blocks(picture: &RgbImage, lines: u32, all_colours: bool, out: &mut impl Write) -> io::Result<()> {
    let height = 2 * lines;
    let small = resized(picture, picture.width() * height / picture.height().max(1), height);
    let colour = |x: u32, y: u32| {
        let [red, green, blue] = small.get_pixel(x, y).0;
        if all_colours { format!("2;{red};{green};{blue}") } else { format!("5;{}", of_256([red, green, blue])) }
    };
    for line in 0..lines {
        for x in 0..small.width() {
            write!(out, "\x1b[38;{};48;{}m▀", colour(x, 2 * line), colour(x, 2 * line + 1))?;
        }
        writeln!(out, "\x1b[0m")?;
    }
    Ok(())
}

/// The nearest of the 6 x 6 x 6 colours that xterm numbers from 16 on.
fn of_256(colour: [u8; 3]) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |value: u8| (0..6).min_by_key(|&step| STEPS[step as usize].abs_diff(value)).unwrap_or(0);
    let [red, green, blue] = colour.map(nearest);
    16 + 36 * red + 6 * green + blue
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn of(variables: &[(&str, &str)]) -> Graphics {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Graphics::of(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    fn shown(graphics: Graphics, picture: &RgbImage, lines: u32) -> String {
        let mut out = Vec::new();
        graphics.show(picture, lines, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Blue over red, with a speckle that no packing makes small.
    fn picture() -> RgbImage {
        let speckle = |x: u32, y: u32| ((x * 7919 + y * 104_729).wrapping_mul(2_654_435_761) >> 24) as u8;
        RgbImage::from_fn(
            80,
            40,
            |x, y| if y < 20 { Rgb([0, speckle(x, y), 255]) } else { Rgb([255, speckle(x, y), 0]) },
        )
    }

    #[test]
    fn terminals_are_known_by_their_variables() {
        assert_eq!(of(&[("TERM", "xterm-kitty")]), Graphics::Kitty);
        assert_eq!(of(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm")]), Graphics::Iterm);
        assert_eq!(of(&[("TERM", "foot")]), Graphics::Sixel);
        let inside = [("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1"), ("COLORTERM", "truecolor")];
        assert_eq!(of(&inside), Graphics::HalfBlocks { all_colours: true });
        assert_eq!(of(&[("TERM", "xterm")]), Graphics::HalfBlocks { all_colours: false });
    }

    #[test]
    fn what_kitty_and_iterm_get_is_the_picture() {
        let kitty = shown(Graphics::Kitty, &picture(), 4);
        let commands: Vec<&str> = kitty.trim_end().split_terminator("\x1b\\").collect();
        assert!(commands.len() > 1 && commands[0].starts_with("\x1b_Gf=100,a=T,r=4,m=1;"), "{}", commands[0]);
        assert!(commands.last().unwrap().starts_with("\x1b_Gm=0;"));
        let data: String = commands.iter().map(|command| command.split_once(';').unwrap().1).collect();
        let iterm = shown(Graphics::Iterm, &picture(), 4);
        assert_eq!(iterm, format!("\x1b]1337;File=inline=1;height=4:{data}\x07\n"));
        let decoded = image::load_from_memory(&BASE64.decode(data).unwrap()).unwrap();
        assert_eq!(decoded.to_rgb8(), picture());
    }

    #[test]
    fn sixels_show_the_picture() {
        let sixels = shown(Graphics::Sixel, &picture(), 4);
        let bands = sixels.trim_end().strip_prefix("\x1bP").and_then(|bands| bands.strip_suffix("\x1b\\")).unwrap();
        // Six rows each.
        assert_eq!(bands.matches('-').count(), 40 / 6);
    }

    #[test]
    fn half_blocks_are_two_pixels_each() {
        let flat = RgbImage::from_fn(4, 2, |_, y| if y == 0 { Rgb([0, 0, 255]) } else { Rgb([255, 0, 0]) });
        let letter = "\x1b[38;2;0;0;255;48;2;255;0;0m▀";
        assert_eq!(shown(Graphics::HalfBlocks { all_colours: true }, &flat, 1), letter.repeat(4) + "\x1b[0m\n");
        let letter = "\x1b[38;5;21;48;5;196m▀";
        assert_eq!(shown(Graphics::HalfBlocks { all_colours: false }, &flat, 1), letter.repeat(4) + "\x1b[0m\n");
    }
}
