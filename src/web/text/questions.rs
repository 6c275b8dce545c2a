//! Who is this?

use super::{counted, grouped};
use crate::people::Estimate;

pub struct Words {
    pub title: &'static str,
    pub estimate: fn(&Estimate) -> String,
    pub about: fn(&str) -> String,
    pub about_all: &'static str,
    pub is_this: fn(&str) -> String,
    pub are_these: fn(u64, &str) -> String,
    pub one_person: &'static str,
    pub a_face: &'static str,
    pub likely: fn(&f32) -> String,
    pub settles: fn(&u64) -> String,
    pub yes: &'static str,
    pub no: &'static str,
    pub skip: &'static str,
    pub answers: &'static str,
    pub keys: &'static str,
    pub away: &'static str,
    pub nothing: &'static str,
    pub all_answered: &'static str,
    pub later: &'static str,
    pub skipped: fn(&usize) -> String,
    pub again: &'static str,
    pub no_faces: &'static str,
}

/// Never certain: nothing but the user's word is.
fn percent(probability: f32) -> u32 {
    ((probability * 100.0).round() as u32).clamp(1, 99)
}

pub const ENGLISH: Words = Words {
    title: "Questions",
    estimate: |Estimate { answers, photos, more }| {
        let settle = if *answers == 1 { "settles" } else { "settle" };
        let answers = counted(*answers as u64, "answer", "answers");
        let more = if *more == 0 { String::new() } else { format!(" {} more after that.", grouped(*more as u64)) };
        format!("{answers} {settle} {}.{more}", counted(*photos, "photo", "photos"))
    },
    about: |name| format!("Only questions about {name}."),
    about_all: "Questions about everybody",
    is_this: |name| format!("Is this {name}?"),
    are_these: |faces, name| format!("Are these {} faces {name}?", grouped(faces)),
    one_person: "Are these the same person?",
    a_face: "A face",
    likely: |probability| format!("{} % likely", percent(*probability)),
    settles: |photos| format!("settles {}", counted(*photos, "photo", "photos")),
    yes: "Yes",
    no: "No",
    skip: "Skip",
    answers: "Your answer",
    keys: "Use the keys Y, N, S and U",
    away: "The photo is not available now; only this small picture is kept.",
    nothing: "No questions",
    all_answered: "All questions are answered",
    later: "facetag asks when it is not sure. Name some people or add photos, and new questions will appear.",
    skipped: |skipped| format!("{} skipped.", counted(*skipped as u64, "question was", "questions were")),
    again: "Ask again",
    no_faces: "No faces have been found yet.",
};

pub const CHINESE: Words = Words {
    title: "问题",
    estimate: |Estimate { answers, photos, more }| {
        let more =
            if *more == 0 { String::new() } else { format!("之后还有 {} 个问题。", grouped(*more as u64)) };
        format!("{answers} 个回答可确定 {} 张照片。{more}", grouped(*photos))
    },
    about: |name| format!("只问{name}。"),
    about_all: "询问所有人",
    is_this: |name| format!("这是{name}吗？"),
    are_these: |faces, name| format!("这 {} 张人脸都是{name}吗？", grouped(faces)),
    one_person: "他们是同一个人吗？",
    a_face: "一张人脸",
    likely: |probability| format!("可能性 {}%", percent(*probability)),
    settles: |photos| format!("可确定 {} 张照片", grouped(*photos)),
    yes: "是",
    no: "不是",
    skip: "跳过",
    answers: "您的回答",
    keys: "用按键回答：Y、N、S、U",
    away: "照片暂时不在：只保留了这张小图。",
    nothing: "没有要问的",
    all_answered: "全部回答完了",
    later: "有了已命名的人物或新照片后，facetag 会就不确定之处提问。",
    skipped: |skipped| format!("跳过了 {} 个问题。", grouped(*skipped as u64)),
    again: "再问一次",
    no_faces: "还没有人脸。",
};
