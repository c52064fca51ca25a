//! Code on one line, spaced as its writer spaced it.
//!
//! Two tokens of one source line keep their distance. Where a line was broken, or where the tokens come from
//! different places, a few rules decide.
use proc_macro2::{Delimiter, LineColumn, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// A piece of code as text, with its place.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) start: LineColumn,
    pub(super) end: LineColumn,
}

/// The name that stands for piece number `n` in code.
pub(super) fn stand_in(n: usize) -> String {
    format!("__thalweg_piece_{n}")
}

/// The number of the piece that a name stands for.
pub(super) fn stood_for(name: &str) -> Option<usize> {
    name.strip_prefix("__thalweg_piece_")?.parse().ok()
}

/// The code on one line.
pub(crate) fn line(code: &impl ToTokens) -> String {
    piece(code, &[]).text
}

/// The code on one line, spaced by rules alone, as rustc prints it.
pub(crate) fn by_rules(code: &impl ToTokens) -> String {
    let mut writer = Writer { out: String::new(), start: None, last: None, pieces: &[], by_rules: true };
    writer.stream(code.to_token_stream());
    writer.out
}

/// The code on one line, with `pieces` in place of the names that stand for them.
pub(super) fn piece(code: &impl ToTokens, pieces: &[Piece]) -> Piece {
    let mut writer = Writer { out: String::new(), start: None, last: None, pieces, by_rules: false };
    writer.stream(code.to_token_stream());
    let nowhere = LineColumn { line: 0, column: 0 };
    let start = writer.start.unwrap_or(nowhere);
    Piece { text: writer.out, start, end: writer.last.map_or(start, |last| last.end) }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Word,
    Keyword,
    Open,
    Close,
    Punct(char),
}

#[derive(Clone, Copy)]
struct Last {
    kind: Kind,
    joint: bool,
    /// Whether an operand ended here, so that `&`, `*` or `-` after it is binary.
    operand: bool,
    /// Whether this is an operator that stands after an operand.
    binary: bool,
    end: LineColumn,
}

struct Writer<'a> {
    out: String,
    start: Option<LineColumn>,
    last: Option<Last>,
    pieces: &'a [Piece],
    /// Whether the distances in the source do not count.
    by_rules: bool,
}

impl Writer<'_> {
    fn stream(&mut self, tokens: TokenStream) {
        for token in tokens {
            let (start, end) = (token.span().start(), token.span().end());
            match token {
                TokenTree::Group(group) => self.group(&group),
                TokenTree::Ident(ident) => {
                    let name = ident.to_string();
                    match stood_for(&name).and_then(|n| self.pieces.get(n)) {
                        Some(piece) => self.write(&piece.text, Kind::Word, false, piece.start, piece.end),
                        None if is_keyword(&name) => self.write(&name, Kind::Keyword, false, start, end),
                        None => self.write(&name, Kind::Word, false, start, end),
                    }
                }
                TokenTree::Literal(literal) => {
                    let text = literal.to_string().replace(['\n', '\r', '\t'], " ");
                    self.write(&text, Kind::Word, false, start, end);
                }
                TokenTree::Punct(punct) => {
                    let (c, joint) = (punct.as_char(), punct.spacing() == Spacing::Joint);
                    self.write(c.encode_utf8(&mut [0; 4]), Kind::Punct(c), joint, start, end);
                }
            }
        }
    }

    fn group(&mut self, group: &proc_macro2::Group) {
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::None => return self.stream(group.stream()),
        };
        let (opened, closed) = (group.span_open(), group.span_close());
        self.write(open, Kind::Open, false, opened.start(), opened.end());
        self.stream(group.stream());
        if close != "}"
            && self.out.ends_with(',')
            && self.last.is_some_and(|last| last.end.line != closed.start().line)
        {
            self.out.pop();
        }
        self.write(close, Kind::Close, false, closed.start(), closed.end());
    }

    fn write(&mut self, text: &str, kind: Kind, joint: bool, start: LineColumn, end: LineColumn) {
        self.start.get_or_insert(start);
        if let Some(last) = self.last
            && self.spaced(last, text, (kind, joint), start)
        {
            self.out.push(' ');
        }
        self.out.push_str(text);
        let operand = match kind {
            Kind::Word | Kind::Close => true,
            Kind::Punct(c) => matches!(c, '?'),
            Kind::Keyword | Kind::Open => false,
        };
        let binary = self.last.is_some_and(|last| last.operand || (last.joint && last.binary));
        self.last = Some(Last { kind, joint, operand, binary, end });
    }

    fn spaced(&self, last: Last, text: &str, (kind, joint): (Kind, bool), start: LineColumn) -> bool {
        if last.joint || last.kind == Kind::Punct('\'') {
            return false;
        }
        if !self.by_rules && last.end.line == start.line && start.line > 0 && last.end.column <= start.column
        {
            return last.end.column != start.column;
        }
        match (last.kind, kind) {
            (Kind::Open, Kind::Close) => false,
            (Kind::Open, _) => self.out.ends_with('{'),
            (_, Kind::Close) => text == "}",
            (_, Kind::Punct('.' | ',' | ';' | '?')) => false,
            (_, Kind::Punct(':')) => false,
            (Kind::Punct(':'), _) => !self.out.ends_with("::"),
            (Kind::Punct('.' | '#'), _) => false,
            (Kind::Punct('!'), _) => text == "{",
            (Kind::Punct('&' | '*' | '-'), _) => last.binary,
            (Kind::Word, Kind::Punct('!')) => joint, // `a != b`, and not `vec![]`
            (Kind::Word, Kind::Open) => text == "{",
            (Kind::Close, Kind::Open) => text == "{",
            _ => true,
        }
    }
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: [&str; 14] = [
        "if", "else", "match", "in", "return", "break", "let", "while", "for", "loop", "move", "mut", "ref",
        "as",
    ];
    KEYWORDS.contains(&name)
}
