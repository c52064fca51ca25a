//! Attributes where Rust allows them: what stands under a false `#[cfg]` is neither compiled nor run.
use super::body::Body;
use super::two::{Two, two};

const TRUE: [&str; 3] = ["#[cfg(all())]", "#[cfg(not(any()))]", "#[cfg(all())] #[allow(unused)]"];
const FALSE: [&str; 3] = ["#[cfg(any())]", "#[cfg(not(all()))]", "#[allow(unused)] #[cfg(any())]"];

/// On the entity's side alone: what is true is written without it in plain Rust, what is false is not there.
fn only_entity(text: &str) -> Two {
    Two::new(text, "")
}

impl Body<'_> {
    pub fn attribute(&mut self, depth: usize) -> Option<Two> {
        match self.numbers.below(9) {
            0 | 1 => self.attribute_on_let(),
            2 | 3 => self.attribute_on_call(),
            4 => self.attribute_on_block(depth),
            5 => self.attribute_on_arm(depth),
            6 | 7 => self.attribute_on_element(),
            _ => self.allowed_call(),
        }
    }

    /// Without the attribute rustc would warn of what is not used.
    fn allowed_call(&mut self) -> Option<Two> {
        if !self.may("#[allow] on a call") {
            return None;
        }
        let call = self.call(0, |_| true)?;
        self.has("#[allow] on a call");
        let Two { entity, plain } = self.awaited(&call);
        let bind = if self.numbers.once_in(2) { "let _ = " } else { "" };
        Some(Two::new(format!("#[allow(unused_must_use)]\n{bind}{entity};\n"), format!("let _ = {plain};\n")))
    }

    /// What it takes from the scope goes with it.
    fn left_out(&mut self, draw: impl FnOnce(&mut Self) -> Option<Two>) -> Option<Two> {
        let drawn = self.scoped(draw)?;
        let attribute = FALSE[self.numbers.below(FALSE.len())];
        Some(Two::new(format!("{attribute}\n{}", drawn.entity), ""))
    }

    fn kept(&mut self) -> Two {
        only_entity(&format!("{}\n", TRUE[self.numbers.below(TRUE.len())]))
    }

    fn attribute_on_let(&mut self) -> Option<Two> {
        if !self.may("#[cfg] on a let") {
            return None;
        }
        self.has("#[cfg] on a let");
        if self.numbers.once_in(2) {
            return self.left_out(|body| {
                let (value, name) = (body.value_of_call(0), body.fresh("v"));
                Some(two!("let {} = {};\n", name, value))
            });
        }
        let (value, name) = (self.value_of_call(1), self.fresh("v"));
        let kept = self.kept();
        self.scope.numbers.push(name.clone());
        Some(two!("{}let {} = {};\n", kept, name, value))
    }

    /// The statement is the call itself, so that the attribute stands on what is cut.
    fn attribute_on_call(&mut self) -> Option<Two> {
        if !self.may("#[cfg] on a call") {
            return None;
        }
        let draw = |body: &mut Self| {
            let call = body.call(0, |_| true)?;
            let (entity, plain) = (body.awaited(&call).entity, body.awaited(&call).plain);
            let way = if body.numbers.once_in(3) { format!("{}.send()", call.entity) } else { entity };
            Some(Two::new(format!("{way};\n"), format!("let _ = {plain};\n")))
        };
        let drawn = if self.numbers.once_in(3) {
            let call = draw(self)?;
            two!("{}{}", self.kept(), call)
        } else {
            self.left_out(draw)?
        };
        self.has("#[cfg] on a call");
        Some(drawn)
    }

    fn attribute_on_block(&mut self, depth: usize) -> Option<Two> {
        if !self.may("#[cfg] on a block") {
            return None;
        }
        self.has("#[cfg] on a block");
        if self.numbers.once_in(2) {
            return self.left_out(|body| Some(two!("{}\n", body.block(depth - 1))));
        }
        let (kept, block) = (self.kept(), self.block(depth - 1));
        let condition = self.condition(0);
        if self.numbers.once_in(2) {
            return Some(two!("{}if {} {}\n", kept, condition, block));
        }
        Some(two!("{}{}\n", kept, block))
    }

    fn attribute_on_arm(&mut self, depth: usize) -> Option<Two> {
        if !self.may("#[cfg] on an arm") {
            return None;
        }
        self.has("#[cfg] on an arm");
        let (on, name) = (self.value_of_call(0), self.fresh("x"));
        let guarded = self.left_out(|body| {
            body.scope.numbers.push(name.clone());
            let (guard, block) = (body.condition(1), body.block(depth - 1));
            Some(two!("{} if {} => {}\n", name, guard, block))
        })?;
        let (kept, first, rest) = (self.kept(), self.block(depth - 1), self.block(0));
        Some(two!("match {} {{\n{}{}0..=9 => {}\n_ => {}\n}}\n", on, guarded, kept, first, rest))
    }

    fn attribute_on_element(&mut self) -> Option<Two> {
        if !self.may("#[cfg] on an element") {
            return None;
        }
        self.has("#[cfg] on an element");
        let name = self.fresh("v");
        let first = self.value_of_call(0);
        let out = self.left_out(|body| Some(two!("{},", body.value_of_call(0))))?;
        let (kept, last) = (self.kept(), self.value_of_call(0));
        self.scope.numbers.push(name.clone());
        let fold = "into_iter().fold(0, |sum, x: i64| (sum * 7 + x) % 997)";
        Some(two!("let {} = [{}, {}{}{}].{};\n", name, first, out, kept, last, fold))
    }
}
