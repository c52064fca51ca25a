//! One worker's entities, and the transaction that runs on it at this moment.
//!
//! User code runs here and nowhere else. It speaks to the worker through [`super::flow`], and gets at entities by
//! [`super::access`]; what it has to say to other workers is left in the outbox, which the executor empties whenever user
//! code has stopped.
use crate::base::ambient::Ambient;
use crate::base::class_id::{ByClass, ClassId};
use crate::base::error::{Error, Result};
use crate::base::groups::Groups;
use crate::base::ids::narrow;
use crate::base::location::{Location, hash_of, worker_number};
use crate::base::ticket::Ticket;
use crate::egress::answers::Egress;
use crate::entity::call::Call;
use crate::entity::inspect::Part;
use crate::entity::run::classes::{AnyClass, Makers};
use crate::entity::run::outgoing::{CallKind, Demand, Outgoing, OutgoingCall};
use crate::entity::run::saving::InProgress;
use crate::entity::run::shipped::Instances;
use crate::entity::run::task::Payload;
use crate::entity::run::twice::{Touched, Twice};
use crate::entity::run::txn_local::{Sent, TxnLocal};
use crate::entity::traits::{Entity, Method};
use crate::entity::visit::{Found, ValueVisitor};
use crate::methods::table::Methods;
use crate::state::class::Class;
use crate::state::loan::Kept;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use thalweg_graph::Access;

/// The state and the running transaction of one worker.
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) peers: usize,
    pub(crate) groups: Groups,
    pub(crate) methods: Arc<Methods>,
    pub(crate) egress: Arc<Egress>,
    pub(super) classes: ByClass<Rc<dyn AnyClass>>,
    /// The calls that may go to other groups.
    pub(crate) instances: Arc<Instances>,
    stamps: Cell<u32>,
    pub(crate) running: RefCell<Box<TxnLocal>>,
    doom: RefCell<Option<Error>>,
    inbox: RefCell<Option<(u32, Result<Payload>)>>,
    outbox: RefCell<Vec<Sent>>,
    /// Runs transactions more than once, if that was asked for.
    pub(crate) twice: Option<Twice>,
    /// The classes, and the hashes or slots there, that [`Worker::prefetch`] is about to touch.
    prefetching: RefCell<Vec<(ClassId, u64)>>,
    /// A checkpoint that is being taken.
    pub(super) saving: RefCell<Option<InProgress>>,
}

/// How many transactions are prefetched at a time; see [`Worker::prefetch`].
pub(crate) const PREFETCH_WINDOW: usize = 32;

impl Worker {
    pub(crate) fn new(
        index: usize,
        groups: Groups,
        (methods, makers): (Arc<Methods>, &Makers),
        egress: Arc<Egress>,
    ) -> Rc<Self> {
        Rc::new(Self {
            egress,
            twice: methods.twice.then(|| Twice::new(methods.clone())),
            index,
            peers: groups.workers(),
            groups,
            methods,
            classes: makers.all(),
            instances: makers.calls.clone(),
            stamps: Cell::new(1),
            running: RefCell::new(Box::new(TxnLocal { stamp: 1, ..TxnLocal::default() })),
            doom: RefCell::default(),
            inbox: RefCell::default(),
            outbox: RefCell::default(),
            prefetching: RefCell::default(),
            saving: RefCell::default(),
        })
    }

    /// This transaction runs here.
    pub(crate) fn begin(&self, ambient: &Ambient) {
        self.methods.watch.begin(self.index, ambient.method);
        if let Some(note) = &self.methods.note {
            note(self.index, Some(ambient.id));
        }
    }

    /// Nothing runs here.
    pub(crate) fn rest(&self) {
        self.methods.watch.rest(self.index);
        if let Some(note) = &self.methods.note {
            note(self.index, None);
        }
    }

    /// A stamp that no unsettled transaction on this worker has.
    #[inline]
    pub(crate) fn fresh_stamp(&self) -> u32 {
        // Wraps after 2^32 transactions; 0 means that nobody has written.
        self.stamps.set(self.stamps.get().checked_add(1).unwrap_or(1));
        self.stamps.get()
    }

    /// The entities of a class.
    ///
    /// # Errors
    /// When it is not part of the app.
    #[inline]
    pub(crate) fn class<E: Entity>(&self) -> Result<Rc<Class<E>>> {
        let class = self.classes.get(E::CLASS).cloned();
        let class = class.ok_or_else(|| self.methods.stranger::<E>())?;
        let class = (class as Rc<dyn Any>).downcast();
        Ok(class.unwrap_or_else(|_| unreachable!("a class stands under its own number")))
    }

    /// A class that is not part of the app is an error.
    pub(crate) fn known<E: Entity>(&self) -> Result<()> {
        if self.methods.has::<E>() { Ok(()) } else { Err(self.methods.stranger::<E>()) }
    }

    /// Prefetches what calls will touch, as far as their arguments say.
    pub(crate) fn prefetch<'c, M: Method>(&self, calls: impl Iterator<Item = &'c Call<M>>) {
        let prefetching = &mut *self.prefetching.borrow_mut();
        let mut add = |class: ClassId, hash: u64| prefetching.push((class, hash));
        for call in calls {
            let root = Location::of::<M::Entity>(&call.key, self.peers);
            add(root.class, root.hash);
            if M::SUSPENDS {
                let mut each = |_, found: Found<'_>| add(found.location.class, found.location.hash);
                M::visit(&call.args, &mut ValueVisitor::new(self.peers, &|_| true, &mut each));
            }
        }
        self.look_up(prefetching);
    }

    /// The same, as far as their tickets say.
    pub(crate) fn prefetch_tickets<'t>(&self, tickets: impl Iterator<Item = &'t Ticket>) {
        let prefetching = &mut *self.prefetching.borrow_mut();
        let hash = |ticket: &Ticket| hash_of(ticket.lock, ticket.class);
        prefetching.extend(tickets.map(|ticket| (ticket.class, hash(ticket))));
        self.look_up(prefetching);
    }

    /// Looking entities up one after the other waits for memory each time; several of them looked up together, step by
    /// step, wait about once for each step.
    fn look_up(&self, prefetching: &mut Vec<(ClassId, u64)>) {
        for (class, at) in &mut *prefetching {
            *at = self.classes.get(*class).map_or(u64::MAX, |known| known.likely_slot(*at));
        }
        for (class, at) in prefetching.drain(..) {
            std::hint::black_box(self.classes.get(class).is_some_and(|known| known.prefetch(at)));
        }
    }

    /// The entities of a class that is part of the app, by its number.
    pub(crate) fn class_at(&self, class: ClassId) -> &dyn AnyClass {
        let class = self.classes.get(class).map(|class| &**class);
        class.unwrap_or_else(|| unreachable!("what a transaction has touched is part of the app"))
    }

    /// Settles old states: forgets them, or puts them back, newest first.
    pub(crate) fn settle(&self, mut undo_log: impl DoubleEndedIterator<Item = Kept>, commit: bool) {
        while let Some((class, undo)) = if commit { undo_log.next() } else { undo_log.next_back() } {
            self.class_at(class).settle(undo as usize, commit);
        }
    }

    /// Ends what has run from beginning to end on this worker alone; an old state goes to `later` if it is still
    /// needed.
    #[inline]
    pub(crate) fn end(&self, commit: bool, later: Option<&mut Vec<Kept>>) {
        let running = &mut **self.running.borrow_mut();
        running.stamp = self.fresh_stamp();
        running.calls = 0;
        match later {
            Some(later) if commit => later.extend(running.undo_log.drain(..)),
            _ => self.settle(running.undo_log.drain(..), commit),
        }
    }

    /// What the running transaction has written so far.
    pub(crate) fn touched(&self) -> Vec<Touched> {
        let running = self.running.borrow();
        let touched = |(class, undo): &Kept| self.class_at(*class).touched(*undo as usize);
        running.undo_log.iter().filter_map(touched).collect()
    }

    /// The state of an entity as bytes, by the number of its class.
    pub(crate) fn encoded(&self, class: ClassId, key: &dyn Any) -> Option<Vec<u8>> {
        self.class_at(class).encoded(key)
    }

    /// Whether calls to an entity of this worker are made here: it is this one, or one of its group, which lends.
    #[inline]
    pub(crate) fn has(&self, owner: usize) -> bool {
        owner == self.index || self.groups.same(owner, self.index)
    }

    /// What the running transaction has to demand before it can touch an entity of the group; none where it is at hand.
    #[inline]
    pub(crate) fn missing(&self, at: &Location) -> Option<Demand> {
        let running = self.running.borrow();
        if at.owner == self.index || !running.whole {
            return None;
        }
        let demand = Demand { class: at.class, hash: at.hash };
        (!running.demanded.contains(&demand)).then_some(demand)
    }

    /// Demands what a call needs; the number of the call.
    pub(crate) fn demand(&self, owner: usize, demand: Demand, call: OutgoingCall) -> u32 {
        let running = &mut **self.running.borrow_mut();
        let new = running.demanded.insert(demand);
        assert!(new, "what is demanded is demanded once");
        running.calls += 1;
        let (to, number) = (narrow(owner), running.calls);
        self.outbox.borrow_mut().push(Sent {
            to,
            number,
            after: 0,
            outgoing: Outgoing::Demand(demand, call),
        });
        number
    }

    /// Where a call goes that is not for here.
    pub(crate) fn home_for(&self, owner: usize) -> usize {
        let running = self.running.borrow();
        let mut homes = running.homes.iter().map(|home| *home as usize);
        homes.find(|home| self.groups.same(*home, owner)).unwrap_or(owner)
    }

    /// Whether the running transaction may touch an entity at hand.
    #[inline]
    pub(crate) fn may(&self, at: &Location, access: Access) -> bool {
        let running = self.running.borrow();
        if running.whole {
            return at.owner == self.index || running.lenders.contains(&worker_number(at.owner));
        }
        // They are sorted.
        match running
            .tickets
            .binary_search_by_key(&(at.owner, at.lock), |held| (held.owner.into(), held.lock))
        {
            Ok(found) => running.tickets[found].write || access == Access::Read,
            Err(_) => false,
        }
    }

    pub(crate) fn deliver(&self, number: u32, value: Result<Payload>) {
        *self.inbox.borrow_mut() = Some((number, value));
    }

    /// The number of the call for which something has come back.
    pub(crate) fn delivered(&self) -> Option<u32> {
        self.inbox.borrow().as_ref().map(|(number, _)| *number)
    }

    /// How many calls of the running transaction have left.
    pub(crate) fn calls(&self) -> u32 {
        self.running.borrow().calls
    }

    /// What has come back for the call with this number.
    pub(crate) fn receive(&self, number: u32) -> Option<Result<Payload>> {
        let mut inbox = self.inbox.borrow_mut();
        if inbox.as_ref().is_some_and(|(known, _)| *known == number) {
            return inbox.take().map(|(_, value)| value);
        }
        None
    }

    pub(crate) fn doom(&self, error: Error) {
        self.doom.borrow_mut().get_or_insert(error);
    }
    #[inline]
    pub(crate) fn is_doomed(&self) -> bool {
        self.doom.borrow().is_some()
    }
    /// Why the running task cannot go on, if so.
    #[inline]
    pub(crate) fn take_doom(&self) -> Option<Error> {
        self.doom.borrow_mut().take()
    }

    /// Leaves a call for another worker; its number.
    pub(crate) fn send(&self, to: usize, outgoing: OutgoingCall) -> u32 {
        let kind = outgoing.kind;
        let to = narrow(to);
        let running = &mut **self.running.borrow_mut();
        running.calls += 1;
        let number = running.calls;
        let after = match running.sent.iter_mut().find(|(worker, _)| *worker == to) {
            Some((_, sent)) => {
                let after = *sent;
                *sent += u32::from(kind == CallKind::OneWay);
                after
            }
            None => {
                if kind == CallKind::OneWay {
                    running.sent.push((to, 1));
                }
                0
            }
        };
        running.outstanding += u32::from(kind == CallKind::OneWay);
        self.outbox.borrow_mut().push(Sent { to, number, after, outgoing: Outgoing::Call(outgoing) });
        number
    }

    /// What has been sent since the last time.
    pub(crate) fn outbox(&self) -> std::cell::RefMut<'_, Vec<Sent>> {
        self.outbox.borrow_mut()
    }

    /// The entities here, for people.
    pub(crate) fn inspect(&self) -> Part {
        let part = |(number, class): (ClassId, &Rc<dyn AnyClass>)| {
            (self.methods.name_of(number).to_owned(), class.inspect())
        };
        self.classes.iter().map(part).collect()
    }
}
