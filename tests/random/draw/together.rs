//! `join`, `join_all` and `try_join_all`: what running from left to right would give.
use super::body::Body;
use super::calls::Call;
use super::shape::Returns;
use super::two::{Two, two};

impl Body<'_> {
    pub fn join(&mut self) -> Option<Two> {
        let mut calls = Vec::new();
        if self.numbers.once_in(2) {
            let mut receiver = None;
            for _ in 0..2 + self.numbers.below(2) {
                let (call, like) = self.leaf_call(receiver.as_ref(), |_| true)?;
                calls.push(call);
                receiver = Some(like);
            }
            self.has("join of calls that make none");
        } else {
            calls.extend([self.call(0, |_| true)?, self.call(1, |_| true)?]);
            if self.numbers.once_in(2) {
                calls.extend(self.call(0, |_| true));
            }
        }
        self.has(if calls.len() == 2 { "join of two" } else { "join of three" });
        let entity: Vec<_> = calls.iter().map(|call| call.entity.as_str()).collect();
        let later: Vec<_> = calls.iter().map(Call::later).collect();
        let made: Vec<_> = (0..calls.len()).map(|place| format!("(j.{place})()")).collect();
        let plain = self.back(&format!(
            "{{ let j = ({}); {}; ({}) }}",
            later.join(", "),
            self.let_go(),
            made.join(", ")
        ));
        let names: Vec<_> = calls.iter().map(|_| self.fresh("j")).collect();
        let mut out = Two::new(
            format!("let ({}) = join(({})).await;\n", names.join(", "), entity.join(", ")),
            format!("let ({}) = {plain};\n", names.join(", ")),
        );
        for (name, call) in names.iter().zip(&calls) {
            let number = match call.returns {
                Returns::Number | Returns::Given => two!("{}", name),
                Returns::Nothing => continue,
                Returns::Result if self.method.returns == Returns::Result && self.numbers.once_in(2) => {
                    two!("{}?", name)
                }
                Returns::Result | Returns::Option => two!("{}.unwrap_or(-1)", name),
            };
            out.push(&two!("let {} = {};\n", name, number));
            self.scope.numbers.push(name.clone());
        }
        Some(out)
    }

    /// `list.into_iter().map(|q| q.m0(..))` on both sides.
    fn calls_over_a_list(&mut self, wanted: impl Fn(Returns) -> bool) -> Option<(Two, Returns)> {
        let shape = self.shape;
        let leaf = self.numbers.once_in(2);
        let named = |method: &super::shape::Method| self.can_call_known(method) && self.names(method.class);
        let fits = |method: &&super::shape::Method| {
            method.returns != Returns::Given
                && wanted(method.returns)
                && (!self.method.known || named(method))
                && !(leaf && method.cuts)
        };
        let methods: Vec<_> = shape.methods().filter(fits).collect();
        let callee = *self.numbers.pick(&methods)?;
        let class = callee.class;
        self.sites = self.sites.checked_sub(1)?;
        let list = self.fresh_list(class);
        let name = self.fresh("q");
        let sites = std::mem::take(&mut self.sites); // no calls inside the closure
        self.loops += 1;
        let scope = self.scope.clone();
        self.scope.refs.push((name.clone(), class));
        let call = self.call_of(callee, &name);
        self.scope = scope;
        self.loops -= 1;
        self.sites = sites;
        let made = Two::new(call.entity.clone(), call.later());
        Some((two!("{}.into_iter().map(|{}| {})", list, name, made), callee.returns))
    }

    pub fn join_all(&mut self) -> Option<Two> {
        let (calls, returns) = self.calls_over_a_list(|returns| returns != Returns::Nothing)?;
        self.has("join_all");
        let all = self.fresh("all");
        let plain = self.back(&format!(
            "{{ let j = {}.collect::<Vec<_>>(); {}; j.into_iter().map(|c| c()).collect::<Vec<_>>() }}",
            calls.plain,
            self.let_go()
        ));
        let out = Two::new(
            format!("let {all} = join_all({}).await;\n", calls.entity),
            format!("let {all} = {plain};\n"),
        );
        let sum = if returns == Returns::Number { "x" } else { "x.unwrap_or(1)" };
        let name = self.fresh("v");
        self.scope.numbers.push(name.clone());
        Some(two!("{}let {} = {}.into_iter().fold(0, |sum, x| (sum * 7 + {}) % 997);\n", out, name, all, sum))
    }

    pub fn try_join_all(&mut self) -> Option<Two> {
        let (calls, _) = self.calls_over_a_list(|returns| returns == Returns::Result)?;
        self.has("try_join_all");
        let plain = self.back(&format!(
            "{{ let j = {}.collect::<Vec<_>>(); {}; j.into_iter().map(|c| c()).collect::<Result<Vec<i64>, i64>>() }}",
            calls.plain,
            self.let_go()
        ));
        let tried = Two::new(format!("try_join_all({}).await", calls.entity), plain);
        let name = self.fresh("v");
        let sum = "into_iter().fold(0, |sum, x| (sum * 7 + x) % 997)";
        let out = if self.method.returns == Returns::Result && self.numbers.once_in(2) {
            two!("let {} = {}?.{};\n", name, tried, sum)
        } else {
            two!("let {} = match {} {{\nOk(all) => all.{},\nErr(e) => e + 1,\n}};\n", name, tried, sum)
        };
        self.scope.numbers.push(name);
        Some(out)
    }

    /// `join_all(vec![self.m0(..), self.m0(..)])`
    pub fn own_in_a_list(&mut self) -> Option<Two> {
        let form = "own async methods in a list";
        let methods = self.shape.classes[self.method.class].methods.iter();
        let own: Vec<_> = methods.filter(|method| method.cuts && method.name.starts_with('m')).collect();
        let callee = *self.numbers.pick(&own)?;
        let knows = !self.method.known || self.can_call_known(callee);
        if !self.may(form) || !knows || callee.returns == Returns::Nothing {
            return None;
        }
        self.sites = self.sites.checked_sub(1)?;
        self.has(form);
        self.loops += 1;
        let calls: Vec<Call> = (0..2)
            .map(|_| {
                let id = self.field("id").plain;
                let arguments = self.arguments(callee, callee.returns, 0);
                self.make(callee, callee.returns, Two::new("self", id), arguments)
            })
            .collect();
        self.loops -= 1;
        let entity: Vec<_> = calls.iter().map(|call| call.entity.as_str()).collect();
        let later: Vec<_> = calls.iter().map(Call::later).collect();
        let leave = self.let_go();
        let plain = format!("{{ let j = ({}); {leave}; [(j.0)(), (j.1)()] }}", later.join(", "));
        let all = Two::new(format!("join_all(vec![{}]).await", entity.join(", ")), self.back(&plain));
        let number = if callee.returns == Returns::Number { "x" } else { "x.unwrap_or(1)" };
        let name = self.fresh("v");
        self.scope.numbers.push(name.clone());
        Some(two!("let {} = {}.into_iter().fold(0, |sum, x| (sum * 7 + {}) % 997);\n", name, all, number))
    }

    /// One generic method, told by its types to read an entity and to write it.
    pub fn join_of_relays(&mut self) -> Option<Two> {
        let shape = self.shape;
        let poked = shape.poked?;
        let relay = shape.methods().find(|method| method.name == "relay")?;
        let known = !self.method.known || self.can_call_known(relay) && self.names(relay.class);
        if !known {
            return None;
        }
        self.sites = self.sites.checked_sub(1)?;
        self.has("join of one generic method at two types");
        let who = self.any_reference(poked);
        let mut told = vec![two!("Loud({}, {})", who, self.pure(1)), two!("Quiet({})", who)];
        if self.numbers.once_in(2) {
            told.reverse();
        }
        let calls: Vec<Call> = told
            .into_iter()
            .map(|told| {
                let receiver = self.any_reference(relay.class);
                self.make(relay, relay.returns, receiver, vec![two!("fuel - 1"), told])
            })
            .collect();
        let entity: Vec<_> = calls.iter().map(|call| call.entity.as_str()).collect();
        let later: Vec<_> = calls.iter().map(Call::later).collect();
        let plain = format!("{{ let j = ({}); {}; ((j.0)(), (j.1)()) }}", later.join(", "), self.let_go());
        let (one, other) = (self.fresh("j"), self.fresh("j"));
        let joined = Two::new(format!("join(({})).await", entity.join(", ")), self.back(&plain));
        self.scope.numbers.extend([one.clone(), other.clone()]);
        Some(two!("let ({}, {}) = {};\n", one, other, joined))
    }
}
