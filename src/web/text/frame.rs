//! Around every page.

use super::grouped;

pub struct Words {
    pub people: &'static str,
    pub questions: &'static str,
    pub search: &'static str,
    pub scan: &'static str,
    pub history: &'static str,
    pub pages: &'static str,
    pub skip: &'static str,
    pub undo: &'static str,
    pub redo: &'static str,
    pub done: fn(&str) -> String,
    pub undone: fn(&str) -> String,
    /// Decisions that are not told one by one.
    pub more: fn(&usize) -> String,
}

pub const ENGLISH: Words = Words {
    people: "People",
    questions: "Questions",
    search: "Search",
    scan: "Folders",
    history: "History",
    pages: "Pages",
    skip: "Skip to content",
    undo: "Undo",
    redo: "Redo",
    done: |what| format!("Done: {what}."),
    undone: |what| format!("Undone: {what}."),
    more: |more| format!("and {} more", grouped(*more as u64)),
};

pub const CHINESE: Words = Words {
    people: "人物",
    questions: "问题",
    search: "搜索",
    scan: "文件夹",
    history: "历史",
    pages: "页面",
    skip: "跳到正文",
    undo: "撤销",
    redo: "重做",
    done: |what| format!("已完成：{what}。"),
    undone: |what| format!("已撤销：{what}。"),
    more: |more| format!("另有 {} 项", grouped(*more as u64)),
};
