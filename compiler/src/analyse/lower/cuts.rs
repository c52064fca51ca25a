//! Whether code must be taken apart: it has a call inside, or a jump that leaves it.
use crate::syntax::calls;
use syn::visit::{self, Visit};
use syn::{Expr, Item, Label, Lifetime};

pub(super) fn cuts(expr: &Expr) -> bool {
    let mut cuts = Cuts::default();
    cuts.visit_expr(expr);
    cuts.found
}

#[derive(Default)]
struct Cuts {
    found: bool,
    loops: usize,
    labels: Vec<String>,
}

impl Cuts {
    fn jump(&mut self, label: Option<&Lifetime>) {
        self.found |= match label {
            None => self.loops == 0,
            Some(label) => !self.labels.contains(&label.ident.to_string()),
        };
    }

    fn inside(&mut self, label: Option<&Label>, loops: usize, walk: impl FnOnce(&mut Self)) {
        let labels = self.labels.len();
        self.labels.extend(label.map(|label| label.name.ident.to_string()));
        self.loops += loops;
        walk(self);
        self.loops -= loops;
        self.labels.truncate(labels);
    }
}

impl<'a> Visit<'a> for Cuts {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if self.found || calls::site(expr).is_some() {
            self.found = true;
            return;
        }
        match expr {
            Expr::Closure(_) | Expr::Async(_) | Expr::Const(_) => {} // code of its own
            Expr::Macro(node) => self.found = calls::macro_has_site(&node.mac),
            Expr::Return(_) | Expr::Try(_) | Expr::Yield(_) => self.found = true,
            Expr::Break(jump) => {
                self.jump(jump.label.as_ref());
                visit::visit_expr_break(self, jump);
            }
            Expr::Continue(jump) => self.jump(jump.label.as_ref()),
            Expr::ForLoop(node) => {
                self.visit_expr(&node.expr);
                self.inside(node.label.as_ref(), 1, |cuts| cuts.visit_block(&node.body));
            }
            Expr::While(node) => {
                self.inside(node.label.as_ref(), 1, |cuts| visit::visit_expr_while(cuts, node));
            }
            Expr::Loop(node) => {
                self.inside(node.label.as_ref(), 1, |cuts| visit::visit_expr_loop(cuts, node));
            }
            Expr::Block(node) => {
                self.inside(node.label.as_ref(), 0, |cuts| visit::visit_expr_block(cuts, node));
            }
            _ => visit::visit_expr(self, expr),
        }
    }

    fn visit_item(&mut self, _: &'a Item) {}
}
