//! Why files were not read or scanned, in Chinese. The library keeps the reasons in English, as the command line tells them.

/// English and Chinese: `{}` is what stands there in both, `{_}` what differs with the number.
const REASONS: &[(&str, &str)] = &[
    ("the file is empty; a copy from the camera or a backup may be whole", "文件是空的；相机里或备份中的副本可能完好"),
    ("this is not a picture facetag knows (its content is {})", "facetag 不认识这种图片（内容：{}）"),
    (
        "this is {_} {} picture, which this build of facetag cannot read; exported as JPEG it can be read",
        "这是 {} 图片，此版本的 facetag 无法读取；导出为 JPEG 后即可读取",
    ),
    ("the picture says that it is {} pixels, so there is nothing to see in it", "图片标称 {} 像素，里面没有内容"),
    (
        "the picture is {} pixels and facetag reads at most {} million, and {} on a side; a smaller copy can be read",
        "图片为 {} 像素，facetag 最多读取 {} 百万像素、每边 {} 像素；缩小后的副本可以读取",
    ),
    (
        "the {} is damaged: {}; a copy from the camera or a backup may be whole",
        "{} 已损坏（{}）；相机里或备份中的副本可能完好",
    ),
    (
        "facetag cannot read this kind of {}: {}; exported as an ordinary JPEG it can be read",
        "facetag 无法读取这种 {}（{}）；导出为普通 JPEG 后即可读取",
    ),
    ("this is {}, not an ordinary file", "这不是普通文件（{}）"),
    (
        "the file has {} MB, and facetag reads at most {}; a smaller copy can be read",
        "文件有 {} MB，facetag 最多读取 {} MB；缩小后的副本可以读取",
    ),
    (
        "it was being written while facetag read it; the next scan reads it again",
        "读取时文件正在写入；下次扫描会重新读取",
    ),
    ("no file with it is there now", "现在没有包含它的文件"),
    ("it has changed since it was scanned; the next scan looks at it", "扫描之后它已更改；下次扫描会处理"),
    ("decoding it takes {} MB of memory, and {} may be taken here", "解码需要 {} MB 内存，这里最多可用 {} MB"),
    (
        "facetag failed on this photo ({}); please report it with the file",
        "facetag 处理此照片时出错（{}）；请附上文件报告此问题",
    ),
    ("Permission denied (os error {})", "没有读取权限（系统错误 {}）"),
    ("No such file or directory (os error {})", "文件不存在（系统错误 {}）"),
    ("Input/output error (os error {})", "磁盘读取错误（系统错误 {}）"),
    ("{} symbolic link{_} (`--follow-links` follows them)", "{} 个符号链接（`--follow-links` 会跟随它们）"),
    ("{} symbolic link{_} that lead{_} nowhere, as {}", "{} 个失效的符号链接，如 {}"),
    (
        "{} hidden file{_}, as {} (without the dot it is scanned)",
        "{} 个隐藏的文件或文件夹，如 {}（去掉开头的点就会扫描）",
    ),
    (
        "{} folder{_} with .nomedia or .ppignore in it, as {} (without that file it is scanned)",
        "{} 个含有 .nomedia 或 .ppignore 的文件夹，如 {}（删去该文件就会扫描）",
    ),
    ("{} folder{_} of thumbnails or deleted files, as {}", "{} 个存放缩略图或已删除文件的文件夹，如 {}"),
    ("{} file{_} of facetag itself", "{} 个 facetag 自己的文件或文件夹"),
    (
        "{} folder{_} of Apple Photos without originals (the originals are scanned)",
        "{} 个不含原片的 Apple 照片文件夹（原片会扫描）",
    ),
    (
        "{} file{_} excluded by --exclude or .facetagignore (`--no-exclude` forgets what --exclude said)",
        "{} 个被 --exclude 或 .facetagignore 排除的文件或文件夹（`--no-exclude` 会取消 --exclude）",
    ),
    (
        "{} file{_} that {_} no ordinary one{_} (pipes, devices, sockets), as {}",
        "{} 个不是普通文件（管道、设备、套接字），如 {}",
    ),
    ("{} video{_} (facetag reads photos)", "{} 个视频（facetag 只读取照片）"),
    ("{} file{_} of other formats ({})", "{} 个其他格式的文件（{}）"),
];

/// What may stand for a `{}`. What decoders say of a damaged file stays English.
const PARTS: &[(&str, &str)] = &[
    ("a video", "视频"),
    ("a video or sound", "视频或声音"),
    ("a Photoshop document", "Photoshop 文档"),
    ("a PDF document", "PDF 文档"),
    ("a ZIP archive", "ZIP 压缩文件"),
    ("a text, such as a web page or an XML file", "文本，如网页或 XML 文件"),
    ("nothing but zeros, as after a failed copy", "全是零，可能是复制失败所致"),
    ("a text", "文本"),
    ("of an unknown kind", "未知"),
    ("a named pipe", "命名管道"),
    ("a socket", "套接字"),
    ("a device", "设备"),
    ("a folder", "文件夹"),
    ("something else", "其他"),
    ("it takes more memory than facetag gives a picture", "所需内存超过 facetag 给一张图片的上限"),
    ("most of its picture is missing", "图片大部分缺失"),
    ("it ends before its picture has come", "文件在图片之前就结束了"),
    ("it ends before much of its picture has come", "文件在图片的大部分之前就结束了"),
    ("its picture is not there", "图片不在其中"),
    ("its picture cannot be decoded", "图片无法解码"),
    ("it says that it has no pixels", "它标称没有像素"),
    ("it does not say how large it is", "它没有标明大小"),
    (
        "it holds no preview of the photo, and facetag does not develop raw files",
        "其中没有照片预览，而 facetag 不冲洗 RAW 文件",
    ),
];

/// In Chinese; as it is where it is none of those known.
pub fn chinese(reason: &str) -> String {
    let translated = REASONS.iter().find_map(|(english, chinese)| {
        let mut parts = parts(english, reason)?.into_iter().map(chinese_part);
        let mut pieces = chinese.split("{}");
        let first = pieces.next()?.to_owned();
        Some(pieces.fold(first, |text, piece| text + parts.next().unwrap_or_default() + piece))
    });
    translated.unwrap_or_else(|| reason.to_owned())
}

/// What may stand for a `{}`, in Chinese; as it is where it is none of those known.
fn chinese_part(part: &str) -> &str {
    PARTS.iter().find(|(english, _)| *english == part).map_or(part, |(_, chinese)| chinese)
}

/// What stands for each `{}` of a pattern.
fn parts<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let (mut parts, mut rest, mut pattern) = (Vec::new(), text, pattern);
    loop {
        let Some((before, behind)) = pattern.split_once('{') else {
            return (rest == pattern).then_some(parts);
        };
        rest = rest.strip_prefix(before)?;
        let (kind, after) = behind.split_once('}')?;
        let next = after.split('{').next().unwrap_or_default();
        // The last one reaches to the end.
        let end = if next.len() == after.len() { rest.len().checked_sub(next.len())? } else { rest.find(next)? };
        if kind.is_empty() {
            parts.push(rest.get(..end)?);
        }
        (rest, pattern) = (rest.get(end..)?, after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::{Format, OpenError, PhotoError};
    use crate::scan::Skipped;

    #[test]
    fn every_reason_has_words() {
        let (format, reason) = (Format::Jpeg, "bad {} Huffman code".to_owned());
        let photos = [
            PhotoError::Empty,
            PhotoError::Unknown { content: "text" },
            PhotoError::NotYet { format },
            PhotoError::NoPixels { width: 0, height: 7 },
            PhotoError::TooLarge { width: 1, height: 700_000 },
            PhotoError::Damaged { format, reason: reason.clone() },
            PhotoError::Unsupported { format, reason },
        ];
        let files = [OpenError::NotAFile("a pipe"), OpenError::TooLong(2000), OpenError::Changing];
        let reasons = photos.iter().map(ToString::to_string).chain(files.iter().map(ToString::to_string));
        let errors = [1, 2, 5, 13].map(std::io::Error::from_raw_os_error).map(|error| error.to_string());
        let errors = errors.into_iter().filter(|error| !error.starts_with("Operation"));
        let kinds = "link dead_link hidden no_media system own derived excluded special video other".split(' ');
        let skipped = kinds.flat_map(|kind| {
            [1, 3].map(|count| {
                let part = serde_json::json!({"count": count, "example": "/a/{b}", "extensions": {"txt": count}});
                serde_json::from_value::<Skipped>(serde_json::json!({ kind: part })).unwrap().lines().remove(0)
            })
        });
        for reason in reasons.chain(errors).chain(skipped) {
            let words = chinese(&reason);
            assert!(words != reason && !words.is_ascii(), "{reason:?}: {words:?}");
        }
        assert_eq!(
            chinese("the JPEG is damaged: a: b; c; a copy from the camera or a backup may be whole"),
            "JPEG 已损坏（a: b; c）；相机里或备份中的副本可能完好"
        );
        assert_eq!(chinese("3 files of other formats (2 .txt, 1 .pdf)"), "3 个其他格式的文件（2 .txt, 1 .pdf）");
        assert_eq!(
            chinese("this is not a picture facetag knows (its content is a text)"),
            "facetag 不认识这种图片（内容：文本）"
        );
        assert_eq!(chinese("something new"), "something new");
    }
}
