//! Calls: who is called with what, and what is made of the answer.
use super::body::Body;
use super::generic::instances;
use super::shape::{Method, Param, Returns};
use super::two::{Two, two};

/// A call before it is made: `p1.m0(fuel - 1, 3)`.
pub struct Call {
    pub entity: String,
    /// The plain function and its arguments, the receiver first.
    function: String,
    arguments: Vec<String>,
    /// What the caller does when it lets go of its state.
    leave: String,
    pub returns: Returns,
}

impl Call {
    /// Called as the function that it is, without leaving the caller.
    fn own(&self) -> String {
        format!("{}_own(w, {})", self.function, self.arguments.join(", "))
    }

    /// Called at once: the arguments are evaluated, the caller lets go of its state, the callee runs.
    fn plain(&self) -> String {
        if self.leave.is_empty() {
            return format!("{}(w, {})", self.function, self.arguments.join(", "));
        }
        let names: Vec<_> = (0..self.arguments.len()).map(|place| format!("c.{place}")).collect();
        let (arguments, names) = (self.arguments.join(", "), names.join(", "));
        format!("{{ let c = ({arguments},); {}; {}(w, {names}) }}", self.leave, self.function)
    }

    /// The arguments are evaluated now, the call is made later: a closure.
    pub fn later(&self) -> String {
        let names: Vec<_> = (0..self.arguments.len()).map(|place| format!("c.{place}")).collect();
        let (arguments, names) = (self.arguments.join(", "), names.join(", "));
        format!("{{ let c = ({arguments},); move || {}(w, {names}) }}", self.function)
    }
}

impl Body<'_> {
    /// What has to hold after a call returned: the caller is still there.
    pub fn back(&self, value: &str) -> String {
        format!("w.k{}.back(me, {value})", self.method.class)
    }

    /// Before a call the caller lets go of its state, and has its key still.
    pub fn let_go(&self) -> String {
        if self.method.writes { format!("w.k{}.leave(me)", self.method.class) } else { String::new() }
    }

    /// A call of one argument that is no method of a class: `exists`, `remove`, `open`.
    pub fn left(&self, function: &str, argument: &str) -> String {
        self.back(&format!("{{ let c = {argument}; {}; {function} }}", self.let_go()))
    }

    /// `call.await`.
    pub fn awaited(&self, call: &Call) -> Two {
        Two::new(format!("{}.await", call.entity), self.back(&call.plain()))
    }

    /// A call that returns what `wanted` says; arguments may hold calls down to `depth`.
    pub fn call(&mut self, depth: usize, wanted: impl Fn(Returns) -> bool) -> Option<Call> {
        if self.sites == 0 {
            return None;
        }
        let known = self.method.known;
        let shape = self.shape;
        let fits = |method: &&Method| {
            instances(method).iter().any(|returns| wanted(*returns))
                && (!known || self.can_call_known(method))
        };
        let methods: Vec<&Method> = shape.methods().filter(fits).collect();
        for _ in 0..3 {
            let callee = *self.numbers.pick(&methods)?;
            let wanted: Vec<_> = instances(callee).iter().filter(|returns| wanted(**returns)).collect();
            let returns = **self.numbers.pick(&wanted)?;
            // Most calls go to methods that call on.
            if !callee.cuts && !self.numbers.once_in(3) {
                continue;
            }
            let only_own = known && !self.names(callee.class);
            if callee.class == self.method.class && callee.cuts && (only_own || self.numbers.once_in(3)) {
                self.sites -= 1;
                self.has("own async method");
                let arguments = self.arguments(callee, returns, depth);
                let id = self.field("id").plain;
                return Some(self.make(callee, returns, Two::new("self", id), arguments));
            }
            let Some(receiver) = self.reference(callee.class, 0) else { continue };
            self.sites -= 1;
            let arguments = self.arguments(callee, returns, depth);
            let cuts = arguments.iter().any(Two::cuts);
            // A field stays borrowed while the arguments are evaluated, if it is not cloned.
            let changes = cuts || arguments.iter().any(Two::calls_own);
            let borrows = receiver.entity.starts_with("self.") && changes;
            let entity = receiver.entity.strip_suffix(".clone()").filter(|_| !borrows);
            let receiver = Two::new(entity.unwrap_or(&receiver.entity), receiver.plain.clone());
            if cuts {
                self.has("call as an argument of a call");
            }
            if callee.name == self.method.name && callee.class == self.method.class {
                self.has("recursion");
            }
            if callee.class != self.method.class && callee.cuts {
                self.has("cycle through another class");
            }
            return Some(self.make(callee, returns, receiver, arguments));
        }
        None
    }

    /// A call to a method that makes none, most often on `like` if that fits; the second is its receiver and class.
    /// It costs no call site.
    pub fn leaf_call(
        &mut self,
        like: Option<&(Two, usize)>,
        wanted: impl Fn(Returns) -> bool,
    ) -> Option<(Call, (Two, usize))> {
        let shape = self.shape;
        let like = like.filter(|_| !self.numbers.once_in(3));
        let fits = |method: &&Method| {
            let class = like.is_none_or(|(_, class)| *class == method.class);
            class
                && !method.cuts
                && wanted(method.returns)
                && (!self.method.known || self.names(method.class))
        };
        let methods: Vec<&Method> = shape.methods().filter(fits).collect();
        let callee = *self.numbers.pick(&methods)?;
        let receiver = match like {
            Some((receiver, _)) => receiver.clone(),
            None => self.reference(callee.class, 0)?,
        };
        let arguments = self.arguments(callee, callee.returns, 0);
        Some((self.make(callee, callee.returns, receiver.clone(), arguments), (receiver, callee.class)))
    }

    /// A call that is told of a reference, and so may well meet it by another way.
    pub fn call_about(&mut self, (about, class): &(Two, usize)) -> Option<Call> {
        self.sites = self.sites.checked_sub(1)?;
        let shape = self.shape;
        let place = |method: &Method| {
            let mut params = method.params.iter();
            params.position(|param| *param == Param::Ref(*class))
        };
        let fits = |method: &&Method| {
            let known = !self.method.known || self.can_call_known(method) && self.names(method.class);
            method.cuts && known && place(method).is_some()
        };
        let methods: Vec<&Method> = shape.methods().filter(fits).collect();
        let callee = *self.numbers.pick(&methods)?;
        let receiver = self.reference(callee.class, 0)?;
        let returns = instances(callee)[0];
        let mut arguments = self.arguments(callee, returns, 0);
        arguments[1 + place(callee)?] = about.clone(); // the first is the fuel
        Some(self.make(callee, returns, receiver, arguments))
    }

    /// Whether every reference the callee wants can be had from the arguments.
    pub fn can_call_known(&self, callee: &Method) -> bool {
        let named = |class: usize| self.names(class);
        let params = callee.params.iter().all(|param| match param {
            Param::Number | Param::Given => true,
            Param::Ref(class) | Param::List(class) | Param::Poke(class) => named(*class),
        });
        callee.known && params && (named(callee.class) || callee.class == self.method.class)
    }

    pub fn names(&self, class: usize) -> bool {
        self.scope.refs.iter().any(|(_, of)| *of == class)
    }

    /// A call of that method on a local.
    pub fn call_of(&mut self, callee: &Method, receiver: &str) -> Call {
        let returns = instances(callee)[0];
        let arguments = self.arguments(callee, returns, 0);
        self.make(callee, returns, two!("{}", receiver), arguments)
    }

    pub fn arguments(&mut self, callee: &Method, returns: Returns, depth: usize) -> Vec<Two> {
        let mut arguments = Vec::new();
        if callee.cuts {
            let less = if self.loops > 0 || self.numbers.once_in(3) { "fuel / 2" } else { "fuel - 1" };
            arguments.push(two!("{}", less));
        }
        for param in &callee.params {
            arguments.push(match *param {
                Param::Number if depth > 0 && self.numbers.once_in(2) => self.value_of_call(depth - 1),
                Param::Number => self.pure(1),
                Param::Ref(class) => self.any_reference(class),
                Param::List(class) => self.fresh_list(class),
                Param::Given => self.given(returns),
                Param::Poke(class) => self.poke(class),
            });
        }
        arguments
    }

    /// A reference even where none is at hand; a computed one in the last resort.
    pub fn any_reference(&mut self, class: usize) -> Two {
        let drawn = (0..8).find_map(|_| self.reference(class, 0));
        drawn.unwrap_or_else(|| {
            let key = format!("{}", self.numbers.below(self.shape.keys));
            Two::new(format!("K{class}::at({key})"), key)
        })
    }

    pub fn fresh_list(&mut self, class: usize) -> Two {
        if let Some((list, of)) = self.list()
            && of == class
        {
            return list;
        }
        let first = self.any_reference(class);
        match self.numbers.below(3) {
            0 => two!("vec![{}]", first),
            1 => {
                self.has("the same entity twice in a list");
                two!("vec![{}, {}]", first, first)
            }
            _ => {
                let second = self.any_reference(class);
                two!("vec![{}, {}]", first, second)
            }
        }
    }

    /// A number made of a call's answer.
    pub fn value_of_call(&mut self, depth: usize) -> Two {
        let Some(call) = self.call(depth, |returns| returns != Returns::Nothing) else { return self.pure(1) };
        self.number_of(&call)
    }

    fn number_of(&mut self, call: &Call) -> Two {
        let value = self.awaited(call);
        let passes_on = call.returns == self.method.returns && !self.numbers.once_in(3);
        match (call.returns, self.numbers.below(8)) {
            (Returns::Number | Returns::Nothing | Returns::Given, _) => value,
            (Returns::Result, _) if passes_on => {
                self.has("? on a Result");
                two!("{}?", value)
            }
            (Returns::Option, _) if passes_on => {
                self.has("? on an Option");
                two!("{}?", value)
            }
            (Returns::Result, 0..=2) => {
                self.has("match on a callee's Err, as a value");
                two!("(match {} {{ Ok(x) => x + 1, Err(e) => e - {} }})", value, self.pure(0))
            }
            (Returns::Option, 0 | 1) => two!("{}.map_or(-3, |x| x * 2)", value),
            (_, 7) if self.numbers.once_in(4) => {
                self.has("unwrap");
                two!("{}.unwrap()", value)
            }
            _ => two!("{}.unwrap_or({})", value, self.pure(0)),
        }
    }

    /// A synchronous method of `self`, called as the function it is; makes no cut itself.
    pub fn own_sync(&mut self, depth: usize) -> Option<Two> {
        if !self.method.cuts {
            return None;
        }
        let (class, writes) = (self.method.class, self.method.writes);
        let shape = self.shape;
        let methods: Vec<_> = shape.classes[class]
            .methods
            .iter()
            .filter(|method| !method.cuts && (writes || !method.writes))
            .collect();
        let callee = *self.numbers.pick(&methods)?;
        let mut arguments = Vec::new();
        for _ in &callee.params {
            arguments.push(if depth > 0 && !self.numbers.once_in(3) {
                self.value_of_call(depth - 1)
            } else {
                self.pure(1)
            });
        }
        let cuts = arguments.iter().filter(|argument| argument.cuts()).count();
        self.has(
            ["own sync method", "own sync method with a call", "own sync method with two calls"][cuts.min(2)],
        );
        let call = self.make(callee, callee.returns, Two::new("self", "me"), arguments);
        let value = Two::new(call.entity.clone(), call.own());
        Some(match callee.returns {
            Returns::Number | Returns::Given => value,
            Returns::Nothing => two!("({{ {}; 1 }})", value),
            Returns::Result => two!("{}.unwrap_or_else(|e| e + 2)", value),
            Returns::Option => two!("{}.unwrap_or(4)", value),
        })
    }

    pub fn make(&self, callee: &Method, returns: Returns, receiver: Two, arguments: Vec<Two>) -> Call {
        let (entity, mut plain): (Vec<_>, Vec<_>) =
            arguments.into_iter().map(|argument| (argument.entity, argument.plain)).unzip();
        plain.insert(0, receiver.plain);
        Call {
            entity: format!("{}.{}({})", receiver.entity, callee.name, entity.join(", ")),
            function: format!("k{}_{}", callee.class, callee.name),
            arguments: plain,
            leave: self.let_go(),
            returns,
        }
    }
}
