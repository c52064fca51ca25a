//! The one table from meaning to looks: the words, colours and lines of all pictures.
use crate::{Access, AccessPlan, CallEdge, Method, PlannedAccess, SiteKind, Source};

/// What a mark in a picture says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Read,
    Write,
    Create,
    Static,
    Dynamic,
    Cut,
}

/// How it is shown.
pub(crate) struct Look {
    /// Its name in texts and style sheets.
    pub(crate) word: &'static str,
    /// Its colour on a light ground.
    pub(crate) light: &'static str,
    /// Its colour on a dark ground.
    pub(crate) dark: &'static str,
    /// Whether its line is broken.
    pub(crate) broken: bool,
}

impl Meaning {
    pub(crate) const ALL: [Meaning; 6] =
        [Meaning::Read, Meaning::Write, Meaning::Create, Meaning::Static, Meaning::Dynamic, Meaning::Cut];

    pub(crate) fn look(self) -> Look {
        let (word, light, dark, broken) = match self {
            Meaning::Read => ("read", "#2f6fb5", "#7db4ee", false),
            Meaning::Write => ("write", "#7a4fbf", "#b99af0", false),
            Meaning::Create => ("create", "#a8417f", "#ee92c6", false),
            Meaning::Static => ("static", "#0e8574", "#4fcab5", false),
            Meaning::Dynamic => ("dynamic", "#c05a12", "#f2a35e", true),
            Meaning::Cut => ("cut", "#3d63c9", "#8fabf7", true),
        };
        Look { word, light, dark, broken }
    }
}

impl From<Access> for Meaning {
    fn from(access: Access) -> Self {
        match access {
            Access::Read => Meaning::Read,
            Access::Write => Meaning::Write,
            Access::Create => Meaning::Create,
        }
    }
}

impl From<&AccessPlan> for Meaning {
    fn from(plan: &AccessPlan) -> Self {
        match plan {
            AccessPlan::Static(_) => Meaning::Static,
            AccessPlan::Dynamic(_) => Meaning::Dynamic,
        }
    }
}

impl From<&CallEdge> for Meaning {
    fn from(edge: &CallEdge) -> Self {
        if edge.reasons.is_empty() { Meaning::Static } else { Meaning::Dynamic }
    }
}

pub(crate) fn kind(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Await => "await",
        SiteKind::Join => "join",
        SiteKind::Send => "send",
    }
}

/// The kinds and lines of an edge: `await 12, 15`.
pub(crate) fn edge_label(edge: &CallEdge) -> String {
    let kinds: Vec<_> = edge.kinds.iter().map(|each| kind(*each)).collect();
    let lines: Vec<_> = edge.lines.iter().map(u32::to_string).collect();
    format!("{} {}", kinds.join("/"), lines.join(", "))
}

/// The signature as Rust writes it.
pub(crate) fn signature(method: &Method) -> String {
    let receiver = match method.access {
        Access::Read => Some("&self".to_owned()),
        Access::Write => Some("&mut self".to_owned()),
        Access::Create => None,
    };
    let params = method.params.iter().map(|param| format!("{}: {}", param.name, param.ty));
    let params: Vec<_> = receiver.into_iter().chain(params).collect();
    let visible = if method.public { "pub " } else { "" };
    let cut = if method.sites.is_empty() { "" } else { "async " };
    let output = if method.output == "()" { String::new() } else { format!(" -> {}", method.output) };
    format!("{visible}{cut}fn {}({}){output}", method.name, params.join(", "))
}

/// An entry of a plan in words: `write Item in items`.
pub(crate) fn planned(entry: &PlannedAccess, method: &Method) -> String {
    let access = Meaning::from(entry.access).look().word;
    match &entry.source {
        Source::Itself => format!("{access} {} itself", entry.entity),
        Source::Parameter(param) => format!("{access} {} in `{}`", entry.entity, method.params[*param].name),
        Source::Computed { text, parameter, .. } => {
            let of = parameter.map_or(String::new(), |param| format!(" of `{}`", method.params[param].name));
            format!("{access} {} at `{text}`{of}", entry.entity)
        }
    }
}
