//! One worker's entities, and the transaction that runs on it at this moment.
//!
//! User code runs here and nowhere else. It speaks to the worker through [`crate::flow`]; what it has to say to other
//! workers is left in the outbox, which [`crate::execute`] empties whenever user code has stopped.
use crate::Error;
use crate::ambient::{self, Activation, first_use};
use crate::call::Call;
use crate::cx::{Cx, Place, wrong_key};
use crate::entity::{Entity, Method};
use crate::error::Result;
use crate::flow::Flow;
use crate::groups::Groups;
use crate::harvest::{Found, Harvest};
use crate::inspect::Part;
use crate::loan::{Borrowed, Loan, Olds};
use crate::message::{CallKind, Leaving, Share};
use crate::place::{Location, hash_of};
use crate::plan::{Methods, Ticket};
use crate::state::{AnyClass, Class, key_text};
use crate::task::Payload;
use crate::twice::{Touched, Twice};
use smallvec::SmallVec;
use std::any::Any;
use std::cell::{Cell, RefCell, RefMut};
use std::rc::Rc;
use std::sync::Arc;
use thalweg_graph::Access;

/// What a task sends while it runs.
pub(crate) struct Sent {
    pub(crate) to: u32,
    pub(crate) number: u32,
    pub(crate) after: u32,
    pub(crate) leaving: Leaving,
}

/// An old state: the number of the class, and the number of the state there.
pub(crate) type Kept = (u32, u32);

/// A transaction's part at one worker: what it may touch, what it has changed, what it waits for.
#[derive(Default)]
pub(crate) struct Running {
    /// What it may touch, unless it has the whole worker.
    pub(crate) tickets: SmallVec<[Ticket; 4]>,
    pub(crate) whole: bool,
    /// Tells its writes from those of others.
    pub(crate) stamp: u32,
    /// The old states of what it has written, oldest first.
    pub(crate) journal: SmallVec<[Kept; 4]>,
    /// What it has from other workers of its group.
    pub(crate) loans: Vec<Loan>,
    /// The old states of those that it has written.
    pub(crate) olds: Olds,
    /// Whether entities of all other workers are called where they are, also those of its group.
    pub(crate) ships: bool,
    /// Where it is at home in the other groups.
    pub(crate) homes: SmallVec<[u32; 2]>,
    /// How many calls have left.
    pub(crate) calls: u32,
    /// How many one-way calls have left for each worker.
    pub(crate) sent: SmallVec<[(u32, u32); 2]>,
    /// How many one-way calls of each worker have been carried out here.
    pub(crate) done: SmallVec<[(u32, u32); 2]>,
    /// How many one-way calls have not been acknowledged.
    pub(crate) outstanding: u32,
    /// The first one-way call that failed, in the order of the program, and why.
    pub(crate) failed: Option<Box<(u32, Error)>>,
}

/// The state and the running transaction of one worker.
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) peers: usize,
    pub(crate) groups: Groups,
    pub(crate) methods: Arc<Methods>,
    classes: RefCell<Vec<Option<Rc<dyn AnyClass>>>>,
    stamps: Cell<u32>,
    pub(crate) running: RefCell<Box<Running>>,
    doom: RefCell<Option<Error>>,
    inbox: RefCell<Option<(u32, Result<Payload>)>>,
    outbox: RefCell<Vec<Sent>>,
    /// Runs transactions more than once, if that was asked for.
    pub(crate) twice: Option<Twice>,
    /// The classes, and the hashes or slots there, that [`Worker::expect`] is about to touch.
    expected: RefCell<Vec<(usize, u64)>>,
}

impl Running {
    /// Makes it ready for another transaction.
    pub(crate) fn clear(&mut self) {
        // What may have grown keeps its room.
        let Self {
            tickets,
            whole,
            stamp,
            journal,
            loans,
            olds,
            ships,
            homes,
            calls,
            sent,
            done,
            outstanding,
            failed,
        } = self;
        tickets.clear();
        loans.clear();
        olds.clear();
        homes.clear();
        (*whole, *ships, *stamp, *calls, *outstanding, *failed) = (false, false, 0, 0, 0, None);
        journal.clear();
        sent.clear();
        done.clear();
    }

    /// From here on it may touch this.
    pub(crate) fn may_touch(&mut self, share: Share, tickets: &[Ticket]) {
        self.whole = share == Share::Whole;
        self.tickets.clear();
        self.tickets.extend_from_slice(tickets);
    }
}

/// How many transactions are expected at a time; see [`Worker::expect`].
pub(crate) const AHEAD: usize = 32;

impl Worker {
    pub(crate) fn new(index: usize, groups: Groups, methods: Arc<Methods>) -> Rc<Self> {
        Rc::new(Self {
            twice: methods.twice.then(|| Twice::new(methods.clone())),
            index,
            peers: groups.workers(),
            groups,
            methods,
            classes: RefCell::default(),
            stamps: Cell::new(1),
            running: RefCell::new(Box::new(Running { stamp: 1, ..Running::default() })),
            doom: RefCell::default(),
            inbox: RefCell::default(),
            outbox: RefCell::default(),
            expected: RefCell::default(),
        })
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
    fn known<E: Entity>(&self) -> Result<()> {
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

    fn keep<E: Entity>(&self, undo: usize) {
        let class = E::class().index() as u32;
        let kept = self.kept(class, undo);
        self.running.borrow_mut().journal.push(kept);
    }

    pub(crate) fn kept(&self, class: u32, undo: usize) -> Kept {
        (
            class,
            u32::try_from(undo).unwrap_or_else(|_| unreachable!("so many old states do not fit in memory")),
        )
    }

    /// The entities of a class, by its number.
    pub(crate) fn class_at(&self, class: usize) -> Option<Rc<dyn AnyClass>> {
        self.classes.borrow().get(class).cloned().flatten()
    }

    /// The state of an entity, to be written by the running transaction.
    pub(crate) fn hold_to_write<'c, E: Entity>(
        &self,
        class: &'c Class<E>,
        slot: usize,
    ) -> Option<RefMut<'c, E>> {
        let stamp = self.running.borrow().stamp;
        let (state, kept) = class.hold_to_write(slot, stamp)?;
        kept.into_iter().for_each(|undo| self.keep::<E>(undo));
        Some(state)
    }
    pub(crate) fn create<E: Entity>(&self, class: &Class<E>, hash: u64, entity: E) {
        let stamp = self.running.borrow().stamp;
        let undo = class.create(hash, entity, stamp);
        self.keep::<E>(undo);
    }
    pub(crate) fn remove<E: Entity>(&self, class: &Class<E>, slot: usize) {
        drop(self.hold_to_write(class, slot));
        class.remove(slot);
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

    /// Where an entity is that a method wants to be there; one that comes to be on first use does so now.
    fn slot<E: Entity>(&self, class: &Class<E>, hash: u64, key: &E::Key, path: u64) -> Result<usize> {
        if let Some(slot) = class.find(hash, key) {
            return Ok(slot);
        }
        self.create(class, hash, fresh::<E>(key, path)?);
        class.find(hash, key).ok_or_else(|| Error::internal("a new entity is not there"))
    }

    /// The context of a call that has arrived here.
    pub(crate) fn context<M: Method>(
        &self,
        flow: Flow,
        at: Location,
        key: <M::Entity as Entity>::Key,
    ) -> Result<Cx<M::Entity>> {
        if at.owner != self.index {
            if M::ABSENT_OK {
                self.known::<M::Entity>()?;
            } else {
                self.lent::<M::Entity>(&at, &key, flow.path())?;
            }
            return Ok(Cx { flow, place: Place::Lent { at, key } });
        }
        let class = self.class::<M::Entity>()?;
        let slot = if M::ABSENT_OK {
            class.find(at.hash, &key)
        } else {
            Some(self.slot(&class, at.hash, &key, flow.path())?)
        };
        Ok(Cx { flow, place: Place::Slot { class, hash: at.hash, slot, key } })
    }

    /// Runs a call of a method that is a plain function on the state of its entity.
    pub(crate) fn plain<M: Method>(&self, at: Location, call: Call<M>, path: u64) -> Result<M::Output> {
        let Call { key, args } = call;
        let gone = || Error::internal("the state of an entity is not there");
        let output = if at.owner != self.index {
            self.lent::<M::Entity>(&at, &key, path)?;
            let write = M::ACCESS != Access::Read;
            let mut state = Lent(self, self.borrow::<M::Entity>(&at, &key, write), write);
            let Some(state) = &mut state.1 else { return Err(gone()) };
            if write {
                writes::<M>(state.get_mut(), &key, args, path)?
            } else {
                reads::<M>(state.get(), args, path)
            }
        } else {
            let class = self.class::<M::Entity>()?;
            let slot = self.slot(&class, at.hash, &key, path)?;
            if M::ACCESS == Access::Read {
                reads::<M>(&*class.hold(slot).ok_or_else(gone)?, args, path)
            } else {
                writes::<M>(&mut *self.hold_to_write(&class, slot).ok_or_else(gone)?, &key, args, path)?
            }
        };
        output.ok_or_else(|| Error::internal("a plain method is none"))
    }

    /// Sees to it that a lent entity is there; one that comes to be on first use does so now.
    fn lent<E: Entity>(&self, at: &Location, key: &E::Key, path: u64) -> Result<()> {
        if !self.is_lent::<E>(at, key) {
            self.known::<E>()?;
            self.create_lent(at, fresh::<E>(key, path)?);
        }
        Ok(())
    }
}

/// A state that goes back to its loan whatever the method does.
struct Lent<'w, E: Entity>(&'w Worker, Option<Borrowed<E>>, bool);

impl<E: Entity> Drop for Lent<'_, E> {
    fn drop(&mut self) {
        if let Some(state) = self.1.take() {
            self.0.put_back(state, self.2);
        }
    }
}

fn reads<M: Method>(state: &M::Entity, args: M::Args, path: u64) -> Option<M::Output> {
    ambient::within(Activation::new(path), || M::read(state, args))
}

fn writes<M: Method>(
    state: &mut M::Entity,
    key: &<M::Entity as Entity>::Key,
    args: M::Args,
    path: u64,
) -> Result<Option<M::Output>> {
    let output = ambient::within(Activation::new(path), || M::write(state, args));
    if state.key() == key { Ok(output) } else { Err(wrong_key(key, state)) }
}

/// An entity that comes to be on first use.
fn fresh<E: Entity>(key: &E::Key, path: u64) -> Result<E> {
    let missing = || Error::Missing { entity: E::NAME, key: key_text(key) };
    let fresh = ambient::within(first_use(path), || E::auto(key)).ok_or_else(missing)?;
    if fresh.key() == key { Ok(fresh) } else { Err(wrong_key(key, &fresh)) }
}
