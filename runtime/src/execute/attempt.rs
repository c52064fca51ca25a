//! Whether an epoch that may be undone stands, and what to do when it does not.
use crate::base::ids::{Phase, Time, TxnId};
use crate::execute::Executor;
use crate::execute::admit::RootOf;
use crate::execute::epoch::Guess;
use crate::execute::message::{Message, Own};
use crate::methods::counts::Count;

/// The last phase in which somebody may be wrong. After that, all dynamic transactions of the epoch get all workers:
/// each attempt can bring to light only one more that is wrong, and there may be thousands.
const PATIENCE: u16 = Phase::EXECUTE.0 + 2;

impl Executor {
    /// A transaction that started here has touched an entity without a ticket; its owner is known.
    pub(super) fn wrong(&mut self, txn: TxnId, root: RootOf, owner: usize) {
        let peers = u32::try_from(self.worker.peers).unwrap_or(u32::MAX);
        let Some(epoch) = self.epochs.get_mut(&txn.epoch).filter(|epoch| epoch.undoable) else { return };
        let method = epoch.call(root).0.method();
        let guess = epoch.guesses.entry(txn).or_insert_with(|| {
            // It had a static plan, of which its arguments showed less than it touches. Its tickets are where they are: it
            // gets all workers.
            self.methods.missed(method);
            Guess { method, workers: (0..peers).collect(), wrong: 0 }
        });
        guess.wrong += 1;
        guess.workers.insert(u32::try_from(owner).unwrap_or(u32::MAX));
        if guess.wrong > 1 {
            guess.workers.extend(0..peers);
        }
        if guess.wrong == 1 {
            self.methods.count(guess.method, self.worker.index, Count::Tail, 1);
        }
        let workers = guess.workers.clone();
        epoch.wrong.insert(txn, true);
        let at = Time { epoch: txn.epoch, phase: epoch.phase };
        for to in self.others() {
            self.send(at, to, Message::Wrong { txn, needed: workers.contains(&to) });
        }
    }

    /// All transactions of an attempt are over everywhere: it stands, or is undone and made again.
    pub(super) fn settle(&mut self, number: u64) {
        let Some(epoch) = self.epochs.get_mut(&number) else { return };
        let stands = epoch.wrong.is_empty();
        let journal = std::mem::take(&mut epoch.journal);
        self.worker.settle(journal.into_iter(), stands);
        if stands {
            let Some(mut epoch) = self.epochs.remove(&number) else { return };
            for (_, root, _) in epoch.roots() {
                let (request, index) = epoch.call(root);
                request.release(index, &self.worker);
            }
            epoch.parcels.iter().flat_map(|parcel| &parcel.looks).for_each(|look| look(&self.worker));
            return;
        }
        for (_, root, _) in epoch.roots() {
            let method = epoch.call(root).0.method();
            self.methods.count(method, self.worker.index, Count::Undone, 1);
        }
        let me = self.worker.index;
        for (txn, needed) in std::mem::take(&mut epoch.wrong) {
            if needed {
                // At the root's worker: it calls all the others where they are.
                let workers = epoch.guesses.get(&txn).into_iter().flat_map(|guess| &guess.workers);
                let others = workers.copied().filter(|worker| *worker as usize != me).collect();
                epoch.shares.insert(txn, Own { others, ..Own::whole() });
            }
        }
        let phase = epoch.phase.next();
        if phase.0 > PATIENCE { self.regroup(number) } else { self.begin(number, phase) }
    }
}
