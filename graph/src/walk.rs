//! The one walk through a program; the exports are its writers.
use crate::{AccessPlan, Block, CallEdge, Entity, Method, Program, Site, calls};

/// Where the walk is: a method of an entity, with their places and the plan.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) entity: &'a Entity,
    pub(crate) entity_place: usize,
    pub(crate) method: &'a Method,
    pub(crate) method_place: usize,
    pub(crate) plan: &'a AccessPlan,
}

/// What an export makes of each thing the walk meets; it passes over what it does not draw.
pub(crate) trait Writer {
    /// The walk begins.
    fn program(&mut self, _: &Program) {}
    /// An entity; its methods follow.
    fn entity(&mut self, _: &Entity, _place: usize) {}
    /// A method; its blocks and sites follow.
    fn method(&mut self, _: At<'_>) {}
    /// A block of the method.
    fn block(&mut self, _: At<'_>, _place: usize, _: &Block) {}
    /// A call site of the method.
    fn site(&mut self, _: At<'_>, _place: usize, _: &Site) {}
    /// All methods of the entity have been met.
    fn end_entity(&mut self, _: &Entity) {}
    /// A call from method to method; all come after the last entity.
    fn call(&mut self, _: &Program, _: &CallEdge) {}
    /// The walk ends.
    fn end_program(&mut self, _: &Program) {}
}

/// Leads a writer through the whole program, in its order.
pub(crate) fn walk(program: &Program, writer: &mut impl Writer) {
    writer.program(program);
    let mut plans = program.plans.iter();
    for (entity_place, entity) in program.entities.iter().enumerate() {
        writer.entity(entity, entity_place);
        for ((method_place, method), plan) in entity.methods.iter().enumerate().zip(&mut plans) {
            let at = At { entity, entity_place, method, method_place, plan: &plan.plan };
            writer.method(at);
            for (place, block) in method.blocks.iter().enumerate() {
                writer.block(at, place, block);
            }
            for (place, site) in method.sites.iter().enumerate() {
                writer.site(at, place, site);
            }
        }
        writer.end_entity(entity);
    }
    for edge in calls(&program.entities) {
        writer.call(program, &edge);
    }
    writer.end_program(program);
}
