//! Forgetting somebody for good.

use super::{counted, grouped};

pub struct Words {
    /// What leads to this page.
    pub link: &'static str,
    pub title: &'static str,
    /// Whom, and how many faces.
    pub outcome: fn(&str, u64) -> String,
    /// A folder with backups that keep them.
    pub elsewhere: fn(&str) -> String,
    pub yes: &'static str,
    pub no: &'static str,
}

pub const ENGLISH: Words = Words {
    link: "Forget for good…",
    title: "Forget this person for good?",
    outcome: |name, faces| {
        format!(
            "{name} and {} are removed from the library, its history and its backups. You cannot undo this. Photos stay as they are.",
            counted(faces, "face", "faces")
        )
    },
    elsewhere: |folder| format!("Backups in {folder} still contain them: delete those yourself."),
    yes: "Yes, forget for good",
    no: "No, cancel",
};

pub const CHINESE: Words = Words {
    link: "永久忘记……",
    title: "永久忘记这个人？",
    outcome: |name, faces| {
        format!("将从图库、历史记录和备份中删除{name}及其 {} 张人脸，无法撤销。照片保持不变。", grouped(faces))
    },
    elsewhere: |folder| format!("{folder} 中的备份仍包含此人，请自行删除。"),
    yes: "是，永久忘记",
    no: "不，返回",
};
