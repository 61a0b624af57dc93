//! Reads the Markdown of the corpus: a title and a few words on the family, then the cases. Anything in another form is refused with its
//! file and line, so that no case is passed over in silence.
//!
//! A case is `## Heading`, a sentence with a link to its documentation, the template before, a `diff` or the whole template `After:`, and
//! the verdict. Its name is the anchor that GitHub gives the heading.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::diff;
use crate::verdict::Verdict;

pub(crate) struct Case {
    /// The name of the file, without `.md`.
    pub(crate) family: String,
    pub(crate) name: String,
    /// `data-loss-lifetime.md:5`
    pub(crate) place: String,
    pub(crate) why: String,
    pub(crate) documentation: String,
    pub(crate) before: Text,
    pub(crate) after: Text,
    pub(crate) verdict: Verdict,
}

pub(crate) struct Text {
    /// Which case and which side, for messages.
    pub(crate) place: String,
    pub(crate) language: Language,
    pub(crate) text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Yaml,
    Json,
}

/// All cases by family and name, and what is wrong in the files, as `file:line: message`. A file ends at its first mistake.
pub(crate) fn read_folder(folder: &Path) -> (Vec<Case>, Vec<String>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let (mut cases, mut malformed) = (Vec::new(), Vec::new());
    for path in paths {
        let file = path.file_name().unwrap().to_str().unwrap();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("md") => match read(file, &fs::read_to_string(&path).unwrap()) {
                Ok(read) => cases.extend(read),
                Err(error) => malformed.push(error),
            },
            Some("rs") => {}
            _ => malformed.push(format!("{file}:1: neither Markdown nor the reader of it")),
        }
    }
    malformed.extend(duplicates(&cases));
    (cases, malformed)
}

/// Names that two cases have, wherever they stand.
pub(crate) fn duplicates(cases: &[Case]) -> Vec<String> {
    let mut places: BTreeMap<&str, &str> = BTreeMap::new();
    let mut out = Vec::new();
    for case in cases {
        if let Some(first) = places.insert(&case.name, &case.place) {
            out.push(format!("{}: {} is the name of a case in {first}, too", case.place, case.name));
        }
    }
    out
}

/// The cases of one file in their order, or its first mistake.
pub(crate) fn read(file: &str, text: &str) -> Result<Vec<Case>, String> {
    let mut lines = Lines { lines: text.lines().collect(), at: 0 };
    let read = lines.introduction().and_then(|()| {
        let mut cases = Vec::new();
        while lines.peek().is_some() {
            cases.push(lines.case(file)?);
        }
        Ok(cases)
    });
    read.map_err(|Malformed { line, message }| format!("{file}:{line}: {message}"))
}

struct Malformed {
    line: usize,
    message: String,
}

fn malformed<T>(line: usize, message: impl Into<String>) -> Result<T, Malformed> {
    Err(Malformed { line, message: message.into() })
}

struct Lines<'a> {
    lines: Vec<&'a str>,
    /// How many have been read.
    at: usize,
}

/// What stands between two fences.
struct Block<'a> {
    language: &'a str,
    /// The line of the opening fence.
    line: usize,
    lines: Vec<&'a str>,
}

impl Block<'_> {
    fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [*line, "\n"]).collect()
    }

    fn template(&self, place: String) -> Result<Text, Malformed> {
        let language = match self.language {
            "yaml" => Language::Yaml,
            "json" => Language::Json,
            other => return malformed(self.line, format!("a template is `yaml` or `json`, not {other:?}")),
        };
        Ok(Text { place, language, text: self.text() })
    }

    fn verdict(&self) -> Result<Verdict, Malformed> {
        if self.language != "toml" {
            return malformed(self.line, format!("the verdict is `toml`, not {:?}", self.language));
        }
        let text = self.text();
        let verdict: Verdict = toml::from_str(&text).or_else(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let above = text.bytes().take(start).filter(|byte| *byte == b'\n').count();
            malformed(self.line + 1 + above, error.message())
        })?;
        match verdict.unknown_word() {
            Some(word) => {
                let above = self.lines.iter().take_while(|line| !line.contains(&format!("{word:?}"))).count();
                malformed(self.line + 1 + above, format!("no review says {word:?}"))
            }
            None => Ok(verdict),
        }
    }
}

impl<'a> Lines<'a> {
    /// The next line that is not empty, and its number.
    fn peek(&mut self) -> Option<(usize, &'a str)> {
        while self.lines.get(self.at).is_some_and(|line| line.is_empty()) {
            self.at += 1;
        }
        self.lines.get(self.at).map(|line| (self.at + 1, *line))
    }

    fn next(&mut self, wanted: &str) -> Result<(usize, &'a str), Malformed> {
        let Some(found) = self.peek() else {
            return malformed(self.lines.len(), format!("the file ends before {wanted}"));
        };
        self.at += 1;
        Ok(found)
    }

    /// The title and at least one line on the family.
    fn introduction(&mut self) -> Result<(), Malformed> {
        let (line, title) = self.next("the title")?;
        if title.strip_prefix("# ").is_none_or(|title| title.trim() != title || title.is_empty()) {
            return malformed(line, "a file begins with its title, `# Title`");
        }
        let (line, first) = self.next("a sentence on the family")?;
        if !is_prose(first) {
            return malformed(line, "after the title come a few words on the family");
        }
        while let Some((line, text)) = self.peek() {
            if text.starts_with("## ") {
                return Ok(());
            }
            if !is_prose(text) {
                return malformed(line, "a case begins with its heading, `## Heading`");
            }
            self.at += 1;
        }
        malformed(self.lines.len(), "the file has no case")
    }

    fn case(&mut self, file: &str) -> Result<Case, Malformed> {
        let name = self.heading()?;
        let heading = self.at;
        let (why, documentation) = self.why()?;
        let place = format!("{file}:{heading}");
        let template = self.block("the template before")?;
        let before = template.template(format!("{place} (before)"))?;
        let after = self.after(&template, &before, format!("{place} (after)"))?;
        let verdict = self.block("the verdict")?.verdict()?;
        let family = file.trim_end_matches(".md").to_owned();
        Ok(Case { family, name, place, why, documentation, before, after, verdict })
    }

    /// The name of the case: the heading as GitHub makes an anchor of it.
    fn heading(&mut self) -> Result<String, Malformed> {
        let (line, text) = self.next("a case")?;
        let Some(heading) = text.strip_prefix("## ") else {
            return malformed(line, "here a case ends and the next begins, with `## Heading`");
        };
        let is_plain = |word: &str| {
            word.split('-').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        };
        if !heading.split(' ').all(is_plain) {
            return malformed(line, "a heading is letters, digits, hyphens and single spaces");
        }
        Ok(heading.to_ascii_lowercase().replace(' ', "-"))
    }

    fn why(&mut self) -> Result<(String, String), Malformed> {
        let (line, text) = self.next("the sentence that says why")?;
        let parts = text.strip_suffix(')').and_then(|text| text.rsplit_once(". [Documentation]("));
        match parts {
            Some((why, page)) if is_prose(why) && page.starts_with("https://docs.aws.amazon.com/") => {
                Ok((why.to_owned(), page.to_owned()))
            }
            _ => malformed(line, "one line says why: `Sentence. [Documentation](https://docs.aws.amazon.com/..)`"),
        }
    }

    /// By a diff or as a whole.
    fn after(&mut self, template: &Block<'_>, before: &Text, place: String) -> Result<Text, Malformed> {
        let is_whole = self.peek().is_some_and(|(_, text)| text == "After:");
        self.at += usize::from(is_whole);
        let block = self.block("the change")?;
        let after = match block.language {
            _ if is_whole => block.template(place)?,
            "diff" => {
                let lines = diff::apply(&template.lines, &block.lines)
                    .or_else(|(line, message)| malformed(block.line + 1 + line, message))?;
                let text = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
                Text { place, language: before.language, text }
            }
            other => {
                return malformed(
                    block.line,
                    format!("the change is a `diff`, or a template below `After:`, not {other:?}"),
                );
            }
        };
        if after.text == before.text {
            return malformed(block.line, "the template does not change");
        }
        Ok(after)
    }

    fn block(&mut self, wanted: &str) -> Result<Block<'a>, Malformed> {
        let (line, fence) = self.next(wanted)?;
        let Some(language) = fence.strip_prefix("```") else {
            return malformed(line, format!("here stands {wanted}, in a block of its own"));
        };
        let rest = &self.lines[self.at..];
        match rest.iter().position(|text| text.starts_with("```")) {
            Some(0) => malformed(line, "this block is empty"),
            Some(length) if rest[length] == "```" => {
                self.at += length + 1;
                Ok(Block { language, line, lines: rest[..length].to_vec() })
            }
            _ => malformed(line, "this block is not closed by ```"),
        }
    }
}

fn is_prose(line: &str) -> bool {
    !line.starts_with("```") && line.starts_with(|first: char| !matches!(first, '#' | '|' | '>' | '<' | ' ' | '\t'))
}
