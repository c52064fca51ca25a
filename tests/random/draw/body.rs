//! The body of one method while it is being drawn: what is in scope, and how much more may come.
use super::numbers::Numbers;
use super::shape::{Method, Param, Returns, Shape};
use super::two::{Two, two};
use std::collections::BTreeMap;

/// How many call sites a method has at most.
const SITES: usize = 5;

pub struct Body<'a> {
    pub numbers: &'a mut Numbers,
    pub shape: &'a Shape,
    pub method: &'a Method,
    forms: &'a mut BTreeMap<&'static str, usize>,
    pub scope: Scope,
    /// How many more call sites there may be.
    pub sites: usize,
    /// How many loops are around.
    pub loops: usize,
    names: usize,
    /// How many statements there are so far.
    statements: usize,
}

/// The locals that can be named here.
#[derive(Clone, Default)]
pub struct Scope {
    pub numbers: Vec<String>,
    /// Those that are `mut`.
    pub writable: Vec<String>,
    pub refs: Vec<(String, usize)>,
    pub lists: Vec<(String, usize)>,
}

pub fn draw(
    numbers: &mut Numbers,
    shape: &Shape,
    method: &Method,
    forms: &mut BTreeMap<&'static str, usize>,
) -> Two {
    let mut scope = Scope::default();
    for (place, param) in method.params.iter().enumerate() {
        let name = param.name(place);
        match *param {
            Param::Number => scope.numbers.push(name),
            Param::Ref(class) => scope.refs.push((name, class)),
            Param::List(class) => scope.lists.push((name, class)),
            Param::Given | Param::Poke(_) => {}
        }
    }
    let sites = if method.cuts { 2 + numbers.below(SITES - 2) } else { 0 };
    let mut body = Body { numbers, shape, method, forms, scope, sites, loops: 0, names: 0, statements: 0 };
    if let Some(template) = body.template() {
        return template;
    }
    let mut out = if method.cuts { body.out_of_fuel() } else { Two::default() };
    if method.fragile {
        body.has("panic");
        let (number, b) = (&body.scope.numbers[0].clone(), body.field("b"));
        out.push(&two!("if {} % 4 == 3 {{\npanic!(\"drawn {{}} {{}}\", {}, {});\n}}\n", number, b, number));
    }
    if method.cuts && body.numbers.once_in(3) {
        let drawn = if body.numbers.once_in(2) { body.sends() } else { body.join() };
        out.push(&drawn.unwrap_or_default());
    }
    let count = if method.cuts { 1 + body.numbers.below(2) } else { 1 };
    out.push(&body.statements(count, 2));
    while body.sites > 2 {
        out.push(&body.statement(2));
    }
    let last = body.result();
    out.push(&two!("{}\n", last));
    out
}

impl Body<'_> {
    /// Every third statement has an event before it.
    pub fn event(&mut self) -> Two {
        self.statements += 1;
        if !self.statements.is_multiple_of(3) {
            return Two::default();
        }
        self.has("event");
        let (a, n) = (self.field("a"), self.statements);
        let event = two!("({}, {})", a, n);
        Two::new(
            format!("thalweg::emit(\"drawn\", &{});\n", event.entity),
            format!("thalweg_random::judge::plain::emit({});\n", event.plain),
        )
    }

    /// Counts a form.
    pub fn has(&mut self, form: &'static str) {
        assert!(super::FORMS.contains(&form), "{form} is not in the list of forms");
        *self.forms.entry(form).or_default() += 1;
    }

    /// Whether a form is drawn.
    pub fn may(&self, form: &str) -> bool {
        super::may(form)
    }

    pub fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    /// Draws something whose locals end with it.
    pub fn scoped<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> T {
        let scope = self.scope.clone();
        let drawn = draw(self);
        self.scope = scope;
        drawn
    }

    /// `{ statements }` on lines of their own, without the newline at the end.
    pub fn block(&mut self, depth: usize) -> Two {
        let count = 1 + self.numbers.below(2);
        let statements = self.scoped(|body| body.statements(count, depth));
        two!("{{\n{}}}", statements)
    }

    pub fn statements(&mut self, count: usize, depth: usize) -> Two {
        let mut out = Two::default();
        for _ in 0..count {
            out.push(&self.statement(depth));
        }
        out
    }

    /// A field of `self` that is read.
    pub fn field(&self, name: &str) -> Two {
        Two::new(format!("self.{name}"), format!("w.k{}.get(me).{name}", self.method.class))
    }

    /// One of these.
    pub fn any_field(&mut self, names: &[&str]) -> Two {
        let name = names[self.numbers.below(names.len())];
        self.field(name)
    }

    /// A field of `self` as a place to write to.
    pub fn place(&self, name: &str) -> Two {
        Two::new(format!("self.{name}"), format!("w.k{}.at(me).{name}", self.method.class))
    }

    fn out_of_fuel(&mut self) -> Two {
        let mark = if self.method.writes { two!("{} += 1;\n", self.place("b")) } else { Two::default() };
        let value = self.wrap(&self.field("a"));
        two!("if fuel <= 0 {{\n{}return {};\n}}\n", mark, value)
    }

    /// A number as the good result of the method.
    pub fn wrap(&self, number: &Two) -> Two {
        match self.method.returns {
            Returns::Number => two!("{} % 997", number),
            Returns::Nothing => Two::new("()", "()"),
            Returns::Result => two!("Ok({} % 997)", number),
            Returns::Option => two!("Some({} % 997)", number),
            Returns::Given => Two::new("t0.clone()", "t0.clone()"),
        }
    }
}
