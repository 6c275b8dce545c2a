//! Scanning folders.

use std::time::Duration;

use super::{counted, grouped};
use crate::scan::Summary;

pub struct Words {
    pub title: &'static str,
    pub intro: &'static str,
    pub looking: &'static str,
    /// Read, to read, faces.
    pub reading: fn(u64, u64, u64) -> String,
    pub left: fn(Duration) -> String,
    pub unreadable: fn(u64) -> String,
    pub grouping: &'static str,
    pub pausing: &'static str,
    pub progress: &'static str,
    pub pause: &'static str,
    pub reload: &'static str,
    pub start: &'static str,
    pub go_on: &'static str,
    pub paused: &'static str,
    pub ended: fn(&Summary) -> String,
    pub offline_now: fn(&str) -> String,
    pub failed: fn(&str) -> String,
    pub busy: &'static str,
    pub to_people: &'static str,
    pub folders: &'static str,
    pub photos: fn(&u64) -> String,
    pub scanned_at: fn(&str) -> String,
    pub unfinished: &'static str,
    pub offline: &'static str,
    pub scan_one: fn(&str) -> String,
    pub scan: &'static str,
    pub remove: &'static str,
    pub remove_one: fn(&str) -> String,
    pub remove_title: &'static str,
    /// A folder was removed.
    pub removed: fn(&str) -> String,
    pub remove_what: fn(&u64) -> String,
    pub remove_kept: &'static str,
    pub remove_forget: &'static str,
    pub remove_yes: &'static str,
    pub remove_no: &'static str,
    pub add: &'static str,
    pub folder: &'static str,
    pub example: &'static str,
    pub add_it: &'static str,
    pub browse: &'static str,
    pub browse_start: &'static str,
    pub add_this: &'static str,
    pub no_folders: &'static str,
    pub back: &'static str,
    pub problems: fn(&u64) -> String,
    /// What a scan skipped.
    pub skipped: fn(&str) -> String,
    pub shown: fn(&usize) -> String,
    pub retry: &'static str,
    pub file: &'static str,
    pub problem: &'static str,
}

pub const ENGLISH: Words = Words {
    title: "Folders",
    intro: "facetag finds the people in these folders. No photo is changed, and none leaves this computer.",
    looking: "Looking for new photos…",
    reading: |read, to_read, faces| {
        format!("{} of {}, {}", grouped(read), counted(to_read, "photo", "photos"), counted(faces, "face", "faces"))
    },
    left: |time| match time.as_secs() {
        0..60 => "less than a minute left".to_owned(),
        60..5400 => format!("about {} min left", (time.as_secs() + 30) / 60),
        seconds => format!("about {} h left", (seconds + 1800) / 3600),
    },
    unreadable: |files| format!("{} unreadable", grouped(files)),
    grouping: "Grouping the faces…",
    pausing: "Pausing…",
    progress: "Progress of the scan",
    pause: "Pause",
    reload: "Reload to see the progress",
    start: "Look for new photos",
    go_on: "Continue",
    paused: "The scan is paused. Nothing is lost; it continues where it stopped.",
    ended: |summary| {
        let mut parts = vec![match summary.photos {
            0 => "No new photos.".to_owned(),
            photos => format!(
                "{} read, {} found.",
                counted(photos, "photo", "photos"),
                counted(summary.faces, "face", "faces")
            ),
        }];
        let mut add = |number: u64, one: &str, many: &str| {
            if number > 0 {
                parts.push(format!("{}.", counted(number, one, many)));
            }
        };
        add(summary.new_groups, "new group", "new groups");
        add(summary.tagged, "face tagged with a name you gave before", "faces tagged with a name you gave before");
        add(summary.copies, "copy of a known photo", "copies of known photos");
        add(summary.moved, "photo moved", "photos moved");
        add(summary.missing, "photo is gone; its tags are kept", "photos are gone; their tags are kept");
        for (format, number) in &summary.not_yet {
            parts.push(format!("{} {format} skipped: facetag cannot read this format yet.", grouped(*number)));
        }
        parts.join(" ")
    },
    offline_now: |folder| format!("{folder} is not available now. Its photos and names are kept."),
    failed: |problem| format!("The scan failed: {problem}"),
    busy: "Another facetag is scanning into this library. Wait until it ends, then start again.",
    to_people: "Go to People",
    folders: "Folders",
    photos: |photos| counted(*photos, "photo", "photos"),
    scanned_at: |time| format!("scanned {time}"),
    unfinished: "scan not finished",
    offline: "Not available now",
    scan_one: |folder| format!("Scan {folder}"),
    scan: "Scan",
    remove: "Remove",
    remove_one: |folder| format!("Remove {folder}"),
    remove_title: "Remove this folder from the library?",
    removed: |folder| format!("{folder} was removed. Its names and decisions are kept."),
    remove_what: |photos| {
        let photos = match photos {
            1 => "Its photo is".to_owned(),
            photos => format!("Its {} are", counted(*photos, "photo", "photos")),
        };
        format!("{photos} no longer shown, and the folder is no longer scanned. No file is deleted or changed.")
    },
    remove_kept: "Names and everything else you decided are kept. If you add the folder again, all of it is back.",
    remove_forget: "To delete what facetag knows of these photos for good, use",
    remove_yes: "Remove",
    remove_no: "Keep",
    add: "Add a folder",
    folder: "Path of the folder",
    example: "~/Pictures",
    add_it: "Add and scan",
    browse: "Browse for a folder",
    browse_start: "Start",
    add_this: "Add and scan this folder",
    no_folders: "There are no folders in this one.",
    back: "Back to Folders",
    problems: |files| format!("{} could not be read", counted(*files, "file", "files")),
    skipped: |what| format!("Skipped: {what}"),
    shown: |shown| format!("The first {} are shown.", grouped(*shown as u64)),
    retry: "Try them again",
    file: "File",
    problem: "Problem",
};

pub const CHINESE: Words = Words {
    title: "文件夹",
    intro: "facetag 在这些文件夹中寻找人物。照片不会被更改，也不会离开这台电脑。",
    looking: "正在查找新照片…",
    reading: |read, to_read, faces| {
        format!("{} / {} 张照片，{} 张人脸", grouped(read), grouped(to_read), grouped(faces))
    },
    left: |time| match time.as_secs() {
        0..60 => "还需不到一分钟".to_owned(),
        60..5400 => format!("大约还需 {} 分钟", (time.as_secs() + 30) / 60),
        seconds => format!("大约还需 {} 小时", (seconds + 1800) / 3600),
    },
    unreadable: |files| format!("{} 个无法读取", grouped(files)),
    grouping: "正在为人脸分组…",
    pausing: "正在暂停…",
    progress: "扫描进度",
    pause: "暂停",
    reload: "刷新以查看进度",
    start: "查找新照片",
    go_on: "继续",
    paused: "扫描已暂停。已读取的内容会保留，之后从那里继续。",
    ended: |summary| {
        let mut parts = vec![match summary.photos {
            0 => "没有新照片。".to_owned(),
            photos => format!("读取 {} 张照片，找到 {} 张人脸。", grouped(photos), grouped(summary.faces)),
        }];
        let mut add = |number: u64, what: fn(String) -> String| {
            if number > 0 {
                parts.push(what(grouped(number)));
            }
        };
        add(summary.new_groups, |number| format!("{number} 个新分组。"));
        add(summary.tagged, |number| format!("{number} 张人脸标上了您给过的名字。"));
        add(summary.copies, |number| format!("{number} 个已知照片的副本。"));
        add(summary.moved, |number| format!("{number} 张照片换了位置。"));
        add(summary.missing, |number| format!("{number} 张照片已不在，标记会保留。"));
        for (format, number) in &summary.not_yet {
            parts.push(format!("跳过 {} 个 {format} 文件：facetag 还不能读取。", grouped(*number)));
        }
        parts.concat()
    },
    offline_now: |folder| format!("{folder} 目前不可用。其中的照片和名字都会保留。"),
    failed: |problem| format!("无法扫描：{problem}"),
    busy: "另一个 facetag 正在扫描到这个资料库：请等它结束后再开始。",
    to_people: "查看人物",
    folders: "文件夹",
    photos: |photos| format!("{} 张照片", grouped(*photos)),
    scanned_at: |time| format!("扫描于 {time}"),
    unfinished: "尚未扫描完",
    offline: "目前不可用",
    scan_one: |folder| format!("扫描 {folder}"),
    scan: "扫描",
    remove: "移除",
    remove_one: |folder| format!("移除 {folder}"),
    remove_title: "从资料库中移除此文件夹？",
    removed: |folder| format!("{folder} 已移除。其名字和决定都会保留。"),
    remove_what: |photos| {
        format!("其中的 {} 张照片将不再显示，此文件夹也不再扫描。不会删除或更改任何文件。", grouped(*photos))
    },
    remove_kept: "名字和您的其他决定都会保留。再次添加此文件夹后，一切都会恢复。",
    remove_forget: "若要彻底删除 facetag 对这些照片的所知，请使用",
    remove_yes: "移除",
    remove_no: "保留",
    add: "添加文件夹",
    folder: "文件夹的路径",
    example: "~/Pictures",
    add_it: "添加并扫描",
    browse: "浏览文件夹",
    browse_start: "开始",
    add_this: "添加并扫描此文件夹",
    no_folders: "其中没有文件夹。",
    back: "回到文件夹",
    problems: |files| format!("{} 个文件无法读取", grouped(*files)),
    skipped: |what| format!("已跳过：{what}"),
    shown: |shown| format!("显示前 {} 个。", grouped(*shown as u64)),
    retry: "再试一次",
    file: "文件",
    problem: "问题",
};
