//! Entities that begin and end inside a transaction, also under a caller's feet.
use super::body::Body;
use super::two::{Two, two};

impl Body<'_> {
    pub fn exists(&mut self, class: usize) -> Option<Two> {
        self.sites = self.sites.checked_sub(1)?;
        let who = self.reference(class, 0)?;
        self.has("exists");
        Some(Two::new(
            format!("{}.exists().await", who.entity),
            self.left(&format!("w.k{class}.exists(c)"), &who.plain),
        ))
    }

    /// `if !p1.exists().await { p1.open(7).await; }`
    pub fn creation(&mut self) -> Option<Two> {
        let classes: Vec<_> =
            (0..self.shape.classes.len()).filter(|class| !self.shape.classes[*class].auto).collect();
        let class = *self.numbers.pick(&classes)?;
        self.sites = self.sites.checked_sub(2)?;
        let (who, amount) = (self.reference(class, 0)?, self.pure(1));
        let name = self.fresh("new");
        let plain = self.left(&format!("k{class}_open(w, {name}, c)"), &amount.plain);
        let open = Two::new(format!("{name}.open({}).await;", amount.entity), format!("{plain};"));
        let exists =
            Two::new(format!("{name}.exists().await"), self.left(&format!("w.k{class}.exists(c)"), &name));
        self.has("creation");
        let made = if self.numbers.once_in(3) {
            self.has("creation without asking");
            two!("let {} = {};\n{}\n", name, who, open)
        } else {
            two!("let {} = {};\nif !{} {{\n{}\n}}\n", name, who, exists, open)
        };
        self.scope.refs.push((name, class));
        Some(made)
    }

    pub fn removal(&mut self) -> Option<Two> {
        self.sites = self.sites.checked_sub(1)?;
        // The caller itself is removed, too, by itself or by one it has called.
        let own = self.method.class;
        let class = if self.numbers.once_in(2) { own } else { self.numbers.below(self.shape.classes.len()) };
        let who = self.reference(class, 0)?;
        self.has("removal");
        let name = self.fresh("gone");
        let plain = self.left(&format!("w.k{class}.remove(c)"), &who.plain);
        let removed = Two::new(
            format!("let {name} = {}.remove().await;\n", who.entity),
            format!("let {name} = {plain};\n"),
        );
        let condition = two!("{} % 3 == 1", self.pure(0));
        Some(two!("if {} {{\n{}}}\n", condition, removed))
    }
}
