//! Getting in.

pub struct Words {
    pub title: &'static str,
    pub password: &'static str,
    pub enter: &'static str,
    pub wrong: &'static str,
    pub address: &'static str,
    pub wrong_address: &'static str,
    pub entered: &'static str,
    pub leave: &'static str,
    pub unencrypted: &'static str,
}

pub const ENGLISH: Words = Words {
    title: "Log in",
    password: "Password",
    enter: "Log in",
    wrong: "Wrong password.",
    address: "Address or token printed by facetag serve",
    wrong_address: "This address does not work, or was used already. Use the last one printed in the terminal.",
    entered: "You are logged in. Continue",
    leave: "Log out",
    unencrypted: "This connection is not encrypted. Use it only in a network you trust.",
};

pub const CHINESE: Words = Words {
    title: "登录",
    password: "密码",
    enter: "登录",
    wrong: "密码不正确。",
    address: "facetag serve 显示的地址或令牌",
    wrong_address: "这个地址无效或已使用过。请使用终端中最后显示的地址。",
    entered: "已登录，继续",
    leave: "退出登录",
    unencrypted: "传输未加密：请只在可信任的网络中使用。",
};
