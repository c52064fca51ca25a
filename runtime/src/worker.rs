//! One worker's entities, and the transaction that runs on it at this moment.
//!
//! User code runs here and nowhere else. It speaks to the worker through [`crate::flow`], and gets at entities by
//! [`crate::access`]; what it has to say to other
//! workers is left in the outbox, which [`crate::execute`] empties whenever user code has stopped.
use crate::Error;
use crate::call::Call;
use crate::dataflow::Shared;
use crate::egress::Egress;
use crate::entity::{Entity, Method};
use crate::error::Result;
use crate::groups::Groups;
use crate::harvest::{Found, Harvest};
use crate::inspect::Part;
use crate::message::{CallKind, Leaving};
use crate::place::{Location, hash_of};
use crate::plan::{MethodId, Methods, Ticket};
use crate::state::{AnyClass, Class};
use crate::task::Payload;
use crate::twice::{Touched, Twice};
use crate::txn_local::{Kept, Sent, TxnLocal};
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
    classes: RefCell<Vec<Option<Rc<dyn AnyClass>>>>,
    stamps: Cell<u32>,
    pub(crate) running: RefCell<Box<TxnLocal>>,
    doom: RefCell<Option<Error>>,
    inbox: RefCell<Option<(u32, Result<Payload>)>>,
    outbox: RefCell<Vec<Sent>>,
    /// Runs transactions more than once, if that was asked for.
    pub(crate) twice: Option<Twice>,
    /// The classes, and the hashes or slots there, that [`Worker::expect`] is about to touch.
    expected: RefCell<Vec<(usize, u64)>>,
}

/// How many transactions are expected at a time; see [`Worker::expect`].
pub(crate) const AHEAD: usize = 32;

impl Worker {
    pub(crate) fn new(index: usize, shared: &Shared) -> Rc<Self> {
        let Shared { groups, methods, ingress, .. } = shared.clone();
        Rc::new(Self {
            egress: ingress.egress().clone(),
            twice: methods.twice.then(|| Twice::new(methods.clone())),
            index,
            peers: groups.workers(),
            groups,
            methods,
            classes: RefCell::default(),
            stamps: Cell::new(1),
            running: RefCell::new(Box::new(TxnLocal { stamp: 1, ..TxnLocal::default() })),
            doom: RefCell::default(),
            inbox: RefCell::default(),
            outbox: RefCell::default(),
            expected: RefCell::default(),
        })
    }

    /// A transaction that began with this method runs here.
    pub(crate) fn begin(&self, method: MethodId) {
        self.methods.watch.begin(self.index, method);
    }

    /// Nothing runs here.
    pub(crate) fn rest(&self) {
        self.methods.watch.rest(self.index);
    }

    /// A number that no transaction here has that is not settled.
    #[inline]
    pub(crate) fn fresh_stamp(&self) -> u32 {
        // They come again after four thousand million transactions; 0 is nobody's.
        self.stamps.set(self.stamps.get().checked_add(1).unwrap_or(1));
        self.stamps.get()
    }

    /// The entities of a class.
    ///
    /// # Errors
    /// When it is not part of the app.
    #[inline]
    pub(crate) fn class<E: Entity>(&self) -> Result<Rc<Class<E>>> {
        let index = E::class().index();
        let known = self.classes.borrow().get(index).cloned().flatten();
        let class = match known {
            Some(class) => class,
            None => self.first_use::<E>(index)?,
        };
        let class = (class as Rc<dyn Any>).downcast();
        Ok(class.unwrap_or_else(|_| unreachable!("a class stands under its own number")))
    }

    #[cold]
    fn first_use<E: Entity>(&self, index: usize) -> Result<Rc<dyn AnyClass>> {
        self.known::<E>()?;
        let mut classes = self.classes.borrow_mut();
        if classes.len() <= index {
            classes.resize_with(index + 1, || None);
        }
        let class: Rc<dyn AnyClass> = Rc::new(Class::<E>::new());
        classes[index] = Some(class.clone());
        Ok(class)
    }

    /// A class that is not part of the app is an error.
    pub(crate) fn known<E: Entity>(&self) -> Result<()> {
        if self.methods.has::<E>() { Ok(()) } else { Err(self.methods.stranger::<E>()) }
    }

    /// Brings what calls will touch near the processor, as far as their arguments say.
    pub(crate) fn expect<'c, M: Method>(&self, calls: impl Iterator<Item = &'c Call<M>>) {
        let expected = &mut *self.expected.borrow_mut();
        let mut expect = |class: usize, hash: u64| expected.push((class, hash));
        for call in calls {
            let root = Location::of::<M::Entity>(&call.key, self.peers);
            expect(M::Entity::class().index(), root.hash);
            if M::SUSPENDS {
                let mut each = |_, found: Found| expect(found.class, found.location.hash);
                M::visit(&call.args, &mut Harvest::new(self.peers, &|_| true, &mut each));
            }
        }
        self.touch(expected);
    }

    /// The same, as far as their tickets say.
    pub(crate) fn expect_all<'t>(&self, tickets: impl Iterator<Item = &'t Ticket>) {
        let expected = &mut *self.expected.borrow_mut();
        let hash = |ticket: &Ticket| hash_of(ticket.lock, ticket.class);
        expected.extend(tickets.map(|ticket| (ticket.class as usize, hash(ticket))));
        self.touch(expected);
    }

    /// Looking entities up one after the other waits for memory each time; several of them looked up together, step by
    /// step, wait about once for each step.
    fn touch(&self, expected: &mut Vec<(usize, u64)>) {
        let classes = self.classes.borrow();
        let known = |class: usize| classes.get(class).and_then(Option::as_deref);
        for (class, at) in &mut *expected {
            *at = known(*class).map_or(u64::MAX, |known| known.guess(*at));
        }
        for (class, at) in expected.drain(..) {
            std::hint::black_box(known(class).is_some_and(|known| known.touch(at)));
        }
    }

    /// The entities of a class, by its number.
    pub(crate) fn class_at(&self, class: usize) -> Option<Rc<dyn AnyClass>> {
        self.classes.borrow().get(class).cloned().flatten()
    }

    /// Settles old states: forgets them, or puts them back, newest first.
    pub(crate) fn settle(&self, mut journal: impl DoubleEndedIterator<Item = Kept>, commit: bool) {
        let classes = self.classes.borrow();
        while let Some((class, undo)) = if commit { journal.next() } else { journal.next_back() } {
            if let Some(Some(class)) = classes.get(class as usize) {
                class.settle(undo as usize, commit);
            }
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
            Some(later) if commit => later.extend(running.journal.drain(..)),
            _ => self.settle(running.journal.drain(..), commit),
        }
    }

    /// What the running transaction has written so far.
    pub(crate) fn touched(&self) -> Vec<Touched> {
        let (classes, running) = (self.classes.borrow(), self.running.borrow());
        let touched = |(class, undo): &Kept| classes.get(*class as usize)?.as_ref()?.touched(*undo as usize);
        running.journal.iter().filter_map(touched).collect()
    }

    /// The state of an entity as bytes, by the number of its class.
    pub(crate) fn encoded(&self, class: usize, key: &dyn Any) -> Option<Vec<u8>> {
        self.classes.borrow().get(class)?.as_ref()?.encoded(key)
    }

    /// Whether an entity is at hand here for the running transaction, if it may touch it: it is this worker's, or one of
    /// its group lends it.
    #[inline]
    pub(crate) fn has(&self, owner: usize) -> bool {
        owner == self.index || (self.groups.same(owner, self.index) && !self.running.borrow().ships)
    }

    /// Where a call goes that is not for here.
    pub(crate) fn home_for(&self, owner: usize) -> usize {
        let running = self.running.borrow();
        let home =
            running.homes.iter().map(|home| *home as usize).find(|home| self.groups.same(*home, owner));
        home.filter(|_| !running.ships).unwrap_or(owner)
    }

    /// Whether the running transaction may touch an entity at hand.
    #[inline]
    pub(crate) fn may(&self, at: &Location, access: Access) -> bool {
        let running = self.running.borrow();
        if running.whole && at.owner == self.index {
            return true;
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
    pub(crate) fn send(&self, to: usize, leaving: Leaving) -> u32 {
        let kind = leaving.kind;
        let to = u32::try_from(to).unwrap_or(u32::MAX);
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
        self.outbox.borrow_mut().push(Sent { to, number, after, leaving });
        number
    }

    /// What has been sent since the last time.
    pub(crate) fn outbox(&self) -> std::cell::RefMut<'_, Vec<Sent>> {
        self.outbox.borrow_mut()
    }

    /// The entities here, for people.
    pub(crate) fn inspect(&self) -> Part {
        let classes = self.classes.borrow();
        let classes =
            classes.iter().enumerate().filter_map(|(number, class)| Some((number, class.as_ref()?)));
        classes.map(|(number, class)| (self.methods.name_of(number).to_owned(), class.inspect())).collect()
    }
}
