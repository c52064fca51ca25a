//! One piece of a program in its two renderings: the entity's method, and plain synchronous Rust.

#[derive(Clone, Debug, Default)]
pub struct Two {
    pub entity: String,
    pub plain: String,
}

impl Two {
    pub fn new(entity: impl Into<String>, plain: impl Into<String>) -> Self {
        Self { entity: entity.into(), plain: plain.into() }
    }

    pub fn push(&mut self, more: &Self) {
        self.entity.push_str(&more.entity);
        self.plain.push_str(&more.plain);
    }

    /// Whether the method is cut here.
    pub fn cuts(&self) -> bool {
        self.entity.contains(".await")
    }
}

/// What may stand in a `two!`.
pub trait Side {
    fn entity(&self) -> String;
    fn plain(&self) -> String;
}

impl Side for Two {
    fn entity(&self) -> String {
        self.entity.clone()
    }
    fn plain(&self) -> String {
        self.plain.clone()
    }
}

macro_rules! same_on_both_sides {
    ($($ty:ty),+) => {
        $(impl Side for $ty {
            fn entity(&self) -> String {
                self.to_string()
            }
            fn plain(&self) -> String {
                self.to_string()
            }
        })+
    };
}
same_on_both_sides!(&str, String, usize, i64);

/// As `format!`, on both sides at once.
macro_rules! two {
    ($format:literal $(, $part:expr)* $(,)?) => {{
        #[allow(unused_imports)]
        use $crate::draw::two::Side as _;
        $crate::draw::two::Two {
            entity: format!($format $(, $part.entity())*),
            plain: format!($format $(, $part.plain())*),
        }
    }};
}
pub(crate) use two;
