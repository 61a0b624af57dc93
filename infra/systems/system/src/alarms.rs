//! Who hears of a stage's alarms: mail and web addresses of the settings, and one mail address that whoever deploys is asked for, so that it is in
//! no template.

use crate::Section;

/// Who hears of each alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarms {
    /// Mail addresses, which are in the templates for everybody to read.
    pub emails: Vec<String>,
    /// `https://..`, likewise.
    pub https: Vec<String>,
    /// Whether whoever deploys gives one more mail address (parameter `AlarmEmail`).
    pub asks_for_email: bool,
}

impl Alarms {
    /// `emails`, `https`, `asks_for_email`.
    pub(crate) fn read(mut section: Section<'_>, is_protected: bool) -> Self {
        let alarms = Self {
            emails: section.texts("emails", "a list of addresses such as \"team@shop.example\"", is_email),
            https: section.texts("https", "a list of addresses such as \"https://pager.example/alarms\"", is_https),
            asks_for_email: section.flag("asks_for_email"),
        };
        if is_protected && alarms.is_nobody() && section.has("asks_for_email") {
            let what = "false, without emails and https, leaves the alarms of a protected stage unheard; name somebody";
            section.fault("asks_for_email", what);
        }
        section.refuse_unknown_keys();
        alarms
    }

    fn is_nobody(&self) -> bool {
        self.emails.is_empty() && self.https.is_empty() && !self.asks_for_email
    }
}

fn is_email(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && !part.chars().any(|each| each.is_whitespace() || "@,".contains(each));
    text.split_once('@')
        .is_some_and(|(local, domain)| is_part(local) && domain.contains('.') && domain.split('.').all(is_part))
}

fn is_https(text: &str) -> bool {
    text.strip_prefix("https://").is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@')
    })
}
