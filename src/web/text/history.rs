//! What was decided.

use super::grouped;

pub struct Words {
    pub title: &'static str,
    pub nothing: &'static str,
    pub how: &'static str,
    pub nothing_here: &'static str,
    pub taken_back: fn(&str) -> String,
    pub done_again: fn(&str) -> String,
    pub was_taken_back: &'static str,
    pub undo_with: fn(&usize) -> String,
    pub redo: fn(&str) -> String,
    pub more: fn(&usize) -> String,
}

pub const ENGLISH: Words = Words {
    title: "History",
    nothing: "Nothing has been decided yet",
    how: "Everything you decide about people and faces is listed here and can be undone, the newest first, together with what followed from it.",
    nothing_here: "Go to People",
    taken_back: |what| format!("Undone: {what}"),
    done_again: |what| format!("Redone: {what}"),
    was_taken_back: "undone",
    undo_with: |newer| match newer {
        0 => "Undo".to_owned(),
        1 => "Undo this and 1 newer".to_owned(),
        newer => format!("Undo this and {} newer", grouped(*newer as u64)),
    },
    redo: |what| format!("Last undone: {what}."),
    more: |more| format!("and {} more", grouped(*more as u64)),
};

pub const CHINESE: Words = Words {
    title: "历史",
    nothing: "还没有任何决定",
    how: "您对人物和人脸所作的每个决定都记在这里，可以从最新的开始撤销，由此产生的结果也会一并撤销。",
    nothing_here: "前往人物",
    taken_back: |what| format!("撤销：{what}"),
    done_again: |what| format!("重做：{what}"),
    was_taken_back: "已撤销",
    undo_with: |newer| match newer {
        0 => "撤销".to_owned(),
        newer => format!("撤销此项及其后 {} 项", grouped(*newer as u64)),
    },
    redo: |what| format!("最近撤销：{what}。"),
    more: |more| format!("另有 {} 张", grouped(*more as u64)),
};
