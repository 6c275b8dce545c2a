//! Getting in.

pub struct Words {
    pub title: &'static str,
    pub password: &'static str,
    pub enter: &'static str,
    pub wrong: &'static str,
    pub unencrypted: &'static str,
}

pub const ENGLISH: Words = Words {
    title: "Log in",
    password: "Password",
    enter: "Log in",
    wrong: "Wrong password.",
    unencrypted: "This connection is not encrypted. Use it only in a network you trust.",
};

pub const CHINESE: Words = Words {
    title: "登录",
    password: "密码",
    enter: "登录",
    wrong: "密码不正确。",
    unencrypted: "传输未加密：请只在可信任的网络中使用。",
};
