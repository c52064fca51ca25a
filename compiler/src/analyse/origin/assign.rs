//! Assignments, and what else changes a value after it was bound.
use super::Walk;
use super::flow::Value;
use syn::{Expr, UnOp};

impl Walk<'_> {
    pub(super) fn assign(&mut self, left: &Expr, right: &Expr) -> Value {
        let value = self.eval(right);
        self.assign_to(left, &value);
        Value::none()
    }

    fn assign_to(&mut self, left: &Expr, value: &Value) {
        match left {
            Expr::Infer(_) => {}
            Expr::Tuple(node) => node.elems.iter().for_each(|left| self.assign_to(left, value)),
            Expr::Array(node) => node.elems.iter().for_each(|left| self.assign_to(left, value)),
            Expr::Call(node) => node.args.iter().for_each(|left| self.assign_to(left, value)),
            Expr::Struct(node) => node.fields.iter().for_each(|field| self.assign_to(&field.expr, value)),
            left => {
                let place = self.eval(left);
                match self.named(left) {
                    Some(binding) => {
                        self.flow.assign(binding, value);
                        let known = &mut self.bindings[binding];
                        known.exclusive |= value.exclusive;
                        known.calls = None;
                    }
                    None => self.flow.put(&place, value),
                }
            }
        }
    }

    /// Whether a method could take this place by `&mut`.
    pub(super) fn is_mutable(&self, place: &Expr) -> bool {
        match place {
            Expr::Field(node) => self.is_mutable(&node.base),
            Expr::Index(node) => self.is_mutable(&node.expr),
            Expr::Unary(node) if matches!(node.op, UnOp::Deref(_)) => self.is_mutable(&node.expr),
            place => self.named(place).is_some_and(|binding| self.bindings[binding].mutable),
        }
    }
}
