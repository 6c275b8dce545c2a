//! Decisions in Chinese; [`Decision::describe`] has them in English.

use std::collections::HashMap;

use crate::catalog::{Decision, FaceRef, PersonId};

pub fn chinese(decision: &Decision, names: &HashMap<PersonId, String>) -> String {
    let of = |faces: &[FaceRef]| format!("{} 张人脸", faces.len());
    let who = |id: &PersonId| names.get(id).cloned().unwrap_or_else(|| format!("分组 {id}"));
    // Somebody new, or gone since: by the name that they had then.
    let then = |id: &PersonId, name: &Option<String>| match name {
        Some(name) => name.clone(),
        None => who(id),
    };
    match decision {
        Decision::Name { person, name, faces } => format!("分组 {person} 命名为{name}，{}", of(faces)),
        Decision::Rename { from, to, .. } => format!("{from}改名为{to}"),
        Decision::Merge { from, from_name, into, .. } => format!("{}并入{}", then(from, from_name), who(into)),
        Decision::Hide { person, hidden: true, .. } => format!("隐藏{}", who(person)),
        Decision::Hide { person, .. } => format!("重新显示{}", who(person)),
        Decision::Ignore { person, ignored: true, .. } => format!("{}标为陌生人", who(person)),
        Decision::Ignore { person, .. } => format!("{}不再是陌生人", who(person)),
        Decision::Favourite { person, favourite: true } => format!("{}设为常看人物", who(person)),
        Decision::Favourite { person, .. } => format!("{}不再是常看人物", who(person)),
        Decision::Born { person, date: Some(date) } => format!("{}生于 {date}", who(person)),
        Decision::Born { person, date: None } => format!("清除{}的出生日期", who(person)),
        Decision::Confirm { person, name, faces } => format!("{}确认为{}", of(faces), then(person, name)),
        Decision::Reject { person, faces, .. } => format!("{}不是{}", of(faces), who(person)),
        Decision::Split { from, into, name, faces, .. } => {
            format!("{}从{}分出，归于{}", of(faces), who(from), then(into, name))
        }
        Decision::Draw { person, name, .. } => format!("为{}画出一张人脸", then(person, name)),
        Decision::Import { from, people } => {
            let faces: usize = people.iter().map(|person| person.faces.len() + person.drawn.len()).sum();
            format!("从 {from} 导入 {} 个人的 {faces} 张人脸", people.len())
        }
        Decision::Cover { person, .. } => format!("为{}选了另一张封面", who(person)),
        Decision::Circle { name, people, .. } if people.is_empty() => format!("删除圈子{name}"),
        Decision::Circle { name, people, .. } => {
            format!("圈子{name}：{}", people.iter().map(who).collect::<Vec<_>>().join("、"))
        }
        Decision::Remove { faces } => format!("删除 {}", of(faces)),
        Decision::Date { photos, date: Some(date) } => format!("{} 张照片的日期定为 {date}", photos.len()),
        Decision::Date { photos, date: None } => format!("{} 张照片的日期恢复为文件中的日期", photos.len()),
        Decision::Edited { dated: Some(_), .. } => "一张已定日期的照片被编辑".to_owned(),
        Decision::Edited { faces, .. } => format!("一张照片被编辑，含 {} 张已知人脸", faces.len()),
        Decision::Undo { line } => format!("撤销第 {line} 行"),
        Decision::Redo { line } => format!("重做第 {line} 行"),
    }
}
