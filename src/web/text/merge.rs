//! Are these the same person?

use super::{counted, grouped};

pub struct Words {
    pub title: &'static str,
    pub outcome: fn(&str) -> String,
    /// Two who are seen together, and in how many photos.
    pub together: fn(&str, &str, u64) -> String,
    pub yes: &'static str,
    pub no: &'static str,
}

pub const ENGLISH: Words = Words {
    title: "Are these the same person?",
    outcome: |name| format!("All of them become {name}. You can undo this."),
    together: |one, other, photos| {
        format!("{one} and {other} appear together in {}.", counted(photos, "photo", "photos"))
    },
    yes: "Yes, merge",
    no: "No, cancel",
};

pub const CHINESE: Words = Words {
    title: "他们是同一个人吗？",
    outcome: |name| format!("全部成为{name}。之后可以撤销。"),
    together: |one, other, photos| format!("{one}和{other}同时出现在 {} 张照片中。", grouped(photos)),
    yes: "是，合并",
    no: "不是，返回",
};
