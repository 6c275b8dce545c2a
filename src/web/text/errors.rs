//! What went wrong, and what to do.

pub struct Words {
    pub title: &'static str,
    pub home: &'static str,
    pub not_found: &'static str,
    pub wrong_host: &'static str,
    pub wrong_origin: &'static str,
    pub not_in: &'static str,
    pub too_many_attempts: &'static str,
    pub nobody_selected: &'static str,
    pub nobody_called_so: &'static str,
    pub name_in_use: &'static str,
    pub no_face_selected: &'static str,
    pub not_one_face: &'static str,
    pub all_faces: &'static str,
    pub theirs_already: &'static str,
    pub no_date: &'static str,
    /// A person and their date, another and theirs.
    pub births_differ: fn(&[String; 4]) -> String,
    pub photo_away: &'static str,
    pub photo_changed: fn(&str) -> String,
    pub box_beyond: &'static str,
    pub face_there: &'static str,
    pub not_absolute: fn(&str) -> String,
    pub no_folder: fn(&str) -> String,
    pub nothing_to_scan: &'static str,
    pub scan_goes_on: &'static str,
    pub no_photos: &'static str,
    pub read_only: &'static str,
    pub not_for_guests: &'static str,
    pub too_many: fn(usize) -> String,
    pub too_long: &'static str,
    /// The folder, and the allowed ones.
    pub not_allowed: fn(&str, &str) -> String,
    pub unreadable: fn(&str) -> String,
    pub unwritable: fn(&str) -> String,
    pub has_photos: fn(&str) -> String,
    pub outdated: &'static str,
    pub name_empty: &'static str,
    pub name_control: &'static str,
    pub name_number: &'static str,
    pub name_long: &'static str,
    pub too_large: &'static str,
    pub no_server: &'static str,
    pub not_understood: &'static str,
    pub failed: &'static str,
    pub panicked: &'static str,
}

pub const ENGLISH: Words = Words {
    title: "That did not work",
    home: "Go to People",
    not_found: "There is nothing at this address. The person may have been merged, or the photo may have been scanned again under another number.",
    wrong_host: "This is not the address of facetag. Open the one that facetag serve printed.",
    wrong_origin: "This request came from another website, so nothing was changed.",
    not_in: "You are not logged in. Open the address that facetag serve printed; each works once, and the next one is printed in the terminal.",
    too_many_attempts: "Too many wrong passwords: wait five minutes, then try again.",
    nobody_selected: "Select somebody first; to merge, select two or more.",
    nobody_called_so: "Nobody else has this name. Type the name of somebody you have named.",
    name_in_use: "A person or circle has that name already. Give another one.",
    no_face_selected: "Select some faces first.",
    not_one_face: "Select exactly one face as the cover.",
    all_faces: "These are all of their faces. Merge the two people, or rename this one.",
    theirs_already: "These faces already belong to that person. Give another name.",
    no_date: "This is not a date of birth. Give a day in the past, such as 1984-05-17.",
    births_differ: |[who, born, other, other_born]| {
        format!(
            "{who} was born on {born}, {other} on {other_born}: nothing was merged. Change or clear one of the dates on their page first."
        )
    },
    photo_away: "The photo is not available now, so no face can be added to it. Reconnect its disk first.",
    photo_changed: |problem| {
        format!("The photo has changed since it was scanned. Scan its folder again, then add the face. ({problem})")
    },
    box_beyond: "The box must lie within the photo, and be large enough for a face. Draw it again.",
    face_there: "There is already a face in this box. Name that one instead.",
    not_absolute: |folder| {
        format!("Give the full path of the folder, such as /home/me/Pictures or ~/Pictures, instead of {folder:?}.")
    },
    no_folder: |folder| format!("{folder}: this folder does not exist. Is its disk connected?"),
    nothing_to_scan: "There are no folders yet. Add one first.",
    scan_goes_on: "A scan is already running. Wait until it ends, or pause it.",
    no_photos: "These photos are no longer found. Search again.",
    read_only: "This page is read-only: nothing can be changed here.",
    not_for_guests: "This page is not open to guests.",
    too_many: |most| {
        format!(
            "That is too many: at most {} can be given at once. Go back and select fewer.",
            super::grouped(most as u64)
        )
    },
    too_long: "A place may have at most 200 letters, and a path at most 4,096 bytes.",
    not_allowed: |folder, allowed| {
        format!(
            "{folder} is outside the folders that this page may use ({allowed}). `facetag serve --allow FOLDER` allows more."
        )
    },
    unreadable: |problem| format!("The folder cannot be read: {problem}"),
    unwritable: |problem| format!("The folder cannot be written to: {problem}"),
    has_photos: |folder| {
        format!(
            "{folder} contains photos of yours, and facetag writes nothing among them. Choose another folder, or a new one."
        )
    },
    outdated: "The library has changed since this page was opened, so nothing was done. Reload the page and try again.",
    name_empty: "Type a name.",
    name_control: "A name must not contain line breaks or other control characters.",
    name_number: "A name needs at least one letter: a number alone means a group.",
    name_long: "A name must not be longer than 200 letters.",
    too_large: "That is too much at once. Select fewer.",
    no_server: "The database of the library cannot be reached now; nothing was changed. It may be restarting: reload the page in a moment.",
    not_understood: "The request could not be understood. Go back and reload the page.",
    failed: "The library could not be read or changed:",
    panicked: "Something went wrong in facetag; please report it. Nothing was changed.",
};

pub const CHINESE: Words = Words {
    title: "没有成功",
    home: "回到人物",
    not_found: "这里什么也没有：可能已被合并，或重新扫描后编号变了。",
    wrong_host: "这不是 facetag 的地址：请打开 facetag serve 显示的地址。",
    wrong_origin: "请求来自别的网页：没有作任何更改。",
    not_in: "您尚未登录。请打开 facetag serve 显示的地址；每个地址只能用一次，下一个会显示在终端中。",
    too_many_attempts: "密码错误次数过多：请五分钟后再试。",
    nobody_selected: "请先选择人物；合并需要选择两个或更多。",
    nobody_called_so: "没有其他人叫这个名字：请返回输入一个已有的名字。",
    name_in_use: "已有人物或圈子叫这个名字，请另取一个。",
    no_face_selected: "请先选择人脸。",
    not_one_face: "请只选择一张人脸作封面。",
    all_faces: "这是全部人脸：请合并，或为整个分组命名。",
    theirs_already: "这些人脸已属于此人：请输入别的名字。",
    no_date: "这不是出生日期：请输入已过去的某天，如 1984-05-17。",
    births_differ: |[who, born, other, other_born]| {
        format!("{who}生于 {born}，{other}生于 {other_born}：没有合并。请先在其页面更改或清除其中一个日期。")
    },
    photo_away: "照片目前不可用，无法在其中画框：请先接回它所在的文件夹。",
    photo_changed: |problem| format!("照片已与扫描时不同：请重新扫描它所在的文件夹，再画框。（{problem}）"),
    box_beyond: "框必须在照片之内，且足够大，能容下一张人脸：请重新画。",
    face_there: "这个框里已有一张人脸：请返回为它命名。",
    not_absolute: |folder| format!("请输入文件夹的完整路径，例如 /home/me/Pictures 或 ~/Pictures：{folder:?} 不明确。"),
    no_folder: |folder| format!("{folder}：没有这个文件夹。它的磁盘连接好了吗？"),
    nothing_to_scan: "还没有文件夹：请返回添加一个。",
    scan_goes_on: "扫描正在进行：请等待结束，或先暂停。",
    no_photos: "现在没有这样的照片：请返回重新搜索。",
    read_only: "此页面为只读：不能作任何更改。",
    not_for_guests: "此页面不对访客开放。",
    too_many: |most| format!("数量过多：一次最多 {} 个。请返回减少选择。", super::grouped(most as u64)),
    too_long: "地点最多 200 个字符，路径最多 4,096 字节。",
    not_allowed: |folder, allowed| {
        format!("{folder} 不在此页面可用的文件夹（{allowed}）之内。可用 `facetag serve --allow 文件夹` 允许更多。")
    },
    unreadable: |problem| format!("无法读取文件夹：{problem}"),
    unwritable: |problem| format!("无法写入：{problem}"),
    has_photos: |folder| format!("{folder}：其中有您的照片，不会写入任何文件。请指定别的或新的文件夹。"),
    outdated: "打开此页后资料库已有变化，没有作任何更改：请返回、刷新后再看一次。",
    name_empty: "名字不能为空：请返回输入名字。",
    name_control: "名字中不能有换行或其他控制字符。",
    name_number: "这会被当作分组的编号：请输入含有文字的名字。",
    name_long: "名字不能超过 200 个字符。",
    too_large: "一次提交的内容过多：请返回减少选择。",
    no_server: "目前无法连接照片库的数据库，未作任何更改。数据库可能正在重启：请稍后刷新页面。",
    not_understood: "无法理解这个请求：请返回并刷新页面。",
    failed: "无法读写资料库：",
    panicked: "facetag 在此出错，请报告此问题。没有作任何更改。",
};
