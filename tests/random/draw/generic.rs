//! Generic methods: `g0` returns what it is given, `relay` calls what its argument's type says.
use super::body::Body;
use super::shape::{Method, Param, Returns};
use super::two::{Two, two};

/// The types that `g0` is called with.
const GIVEN: [Returns; 3] = [Returns::Number, Returns::Result, Returns::Option];

/// What a method may return, one for each type it can be called with.
pub fn instances(method: &Method) -> &[Returns] {
    if method.returns == Returns::Given { &GIVEN } else { std::slice::from_ref(&method.returns) }
}

impl Body<'_> {
    /// An argument for `g0`.
    pub fn given(&mut self, returns: Returns) -> Two {
        self.has("generic method");
        let number = self.pure(1);
        match (returns, self.numbers.below(2)) {
            (Returns::Result, 0) => two!("Err::<i64, i64>({})", number),
            (Returns::Result, _) => two!("Ok::<i64, i64>({})", number),
            (Returns::Option, 0) => two!("None::<i64>"),
            (Returns::Option, _) => two!("Some({})", number),
            _ => number,
        }
    }

    /// An argument for `relay`: its type says whether the one it names is read or written.
    pub fn poke(&mut self, class: usize) -> Two {
        self.has("generic method whose callee depends on its type");
        let who = self.any_reference(class);
        if self.numbers.once_in(2) {
            return two!("Quiet({})", who);
        }
        two!("Loud({}, {})", who, self.pure(1))
    }

    /// The two generic templates of a program and the methods they call have bodies of their own.
    pub fn template(&mut self) -> Option<Two> {
        let (a, place) = (self.field("a"), self.place("a"));
        Some(match self.method.name.as_str() {
            "peek" => two!("{}\n", a),
            "poke" => two!("{} = ({} * 3 + n0) % 997;\n{}\n", place, a, a),
            "relay" => {
                let poked = Two::new("t0.poke().await", self.back("t0.poke(w)"));
                let stop = two!("if fuel <= 0 {{\nreturn {};\n}}\n", a);
                two!("{}let x = {};\n(x + {}) % 997\n", stop, poked, a)
            }
            _ => return None,
        })
    }
}

/// What `relay` asks of its argument, on both sides.
pub fn pokes(class: usize) -> Two {
    let entity = format!(
        "pub trait Poke {{\nfn poke(&self) -> impl thalweg::Awaitable<Output = i64>;\n}}\n\n\
         #[derive(Clone, thalweg::serde::Serialize, thalweg::serde::Deserialize)]\n\
         #[serde(crate = \"thalweg::serde\")]\npub struct Quiet(pub Ref<K{class}>);\n\
         impl Poke for Quiet {{\nfn poke(&self) -> impl thalweg::Awaitable<Output = i64> {{\nself.0.peek()\n}}\n}}\n\n\
         #[derive(Clone, thalweg::serde::Serialize, thalweg::serde::Deserialize)]\n\
         #[serde(crate = \"thalweg::serde\")]\npub struct Loud(pub Ref<K{class}>, pub i64);\n\
         impl Poke for Loud {{\nfn poke(&self) -> impl thalweg::Awaitable<Output = i64> {{\nself.0.poke(self.1)\n}}\n}}\n\n"
    );
    let plain = format!(
        "pub trait Poke {{\nfn poke(&self, w: &World) -> i64;\n}}\n\n\
         pub struct Quiet(pub u64);\n\
         impl Poke for Quiet {{\nfn poke(&self, w: &World) -> i64 {{\nk{class}_peek(w, self.0)\n}}\n}}\n\n\
         pub struct Loud(pub u64, pub i64);\n\
         impl Poke for Loud {{\nfn poke(&self, w: &World) -> i64 {{\nk{class}_poke(w, self.0, self.1)\n}}\n}}\n\n"
    );
    Two::new(entity, plain)
}

/// The type parameter of a method, if it has one: on the entity's side and in plain Rust.
pub fn type_parameter(method: &Method) -> (&'static str, &'static str) {
    let has = |wanted: fn(&Param) -> bool| method.params.iter().any(wanted);
    if has(|param| *param == Param::Given) {
        ("<T: Clone + Serialize + DeserializeOwned + Send + 'static>", "<T: Clone>")
    } else if has(|param| matches!(param, Param::Poke(_))) {
        ("<T: Poke + Clone + Serialize + DeserializeOwned + Send + 'static>", "<T: Poke>")
    } else {
        ("", "")
    }
}
