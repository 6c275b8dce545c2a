//! The library, for many requests at once.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::response::Redirect;
use tokio::sync::{Semaphore, oneshot};

use super::access::Access;
use super::again::Again;
use super::error::PageError;
use super::everybody::People;
use super::exports::Exports;
use super::folder::Allowed;
use super::kept::Kept;
use super::limits::CHIPS;
use super::previews::Previews;
use super::queues::Queues;
use super::recent::Recent;
use super::scanning::Scanning;
use super::visit::Visit;
use crate::catalog::{Catalog, Library, Listing, PersonId, Seen, Spot, Who};
use crate::face::{Pack, PackInfo};
use crate::metadata::Place;
use crate::people::{Deciding, active_pack, decide};
use crate::scan::Budget;

/// Searches and albums that are worked on at once.
const LARGE: usize = 2;

/// Of somebody how many people are looked up who are often with them: for a search, twelve beside those it is about.
const MOST_COMPANIONS: usize = 12 + CHIPS;

/// And how many places where they are often, and spots on their map.
const PLACES: usize = 12;
const SPOTS: usize = 200;

/// All photos in order, and a number that is higher than that of any state of the library before.
pub(super) type Now = (Arc<Listing>, u64);

/// Archives that are sent at once.
const ARCHIVES: usize = 8;

/// What all requests share.
#[derive(Clone)]
pub(super) struct Site(Arc<Shared>);

pub(super) struct Shared {
    /// Where it is served.
    pub address: SocketAddr,
    /// By TLS.
    pub is_encrypted: bool,
    pub allowed: Allowed,
    pub access: Arc<Access>,
    pub previews: Previews,
    pub scanning: Scanning,
    pub exports: Exports,
    pub again: Again,
    pub library: Library,
    /// The server ends: what takes long is to stop where it is.
    pub stopping: AtomicBool,
    everybody: Kept<People>,
    listing: Kept<Listing>,
    /// What was found out about those who were looked at last.
    seen: Recent<Seen>,
    companions: Recent<(Who, u64)>,
    places: Recent<(Place, u64)>,
    spots: Recent<Spot>,
    queues: Mutex<Queues>,
    /// Connections that no request uses now.
    idle: Mutex<Vec<Catalog>>,
    /// Turns of what takes much memory.
    large: Semaphore,
    /// The turn of who needs the models.
    models: Semaphore,
    /// Turns of archives, each of which has a thread.
    pub archives: Arc<Semaphore>,
}

impl std::ops::Deref for Site {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Site {
    /// `catalog` is of `library`.
    pub fn new(
        (address, is_encrypted): (SocketAddr, bool),
        access: Access,
        allowed: Allowed,
        library: &Library,
        catalog: Catalog,
    ) -> Self {
        let previews = Previews::new(library.previews());
        Self(Arc::new(Shared {
            address,
            is_encrypted,
            allowed,
            access: Arc::new(access),
            previews,
            scanning: Scanning::new(library),
            exports: Exports::default(),
            again: Again::default(),
            library: library.clone(),
            stopping: AtomicBool::new(false),
            everybody: Kept::default(),
            listing: Kept::default(),
            seen: Recent::default(),
            companions: Recent::default(),
            places: Recent::default(),
            spots: Recent::default(),
            queues: Mutex::default(),
            idle: Mutex::new(vec![catalog]),
            large: Semaphore::new(LARGE),
            models: Semaphore::new(1),
            archives: Arc::new(Semaphore::new(ARCHIVES)),
        }))
    }

    /// Runs `work` on the library, on a thread that may wait for the disk.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Catalog) -> Result<T, PageError> + Send + 'static,
    ) -> Result<T, PageError> {
        let site = self.clone();
        let (sender, answer) = oneshot::channel();
        tokio::task::spawn_blocking(move || site.answer(work, |answer| drop(sender.send(answer))));
        answer.await.map_err(|_| PageError::Panicked)?
    }

    /// Works with the library, and tells the answer.
    fn answer<T>(
        &self,
        work: impl FnOnce(&mut Catalog) -> Result<T, PageError>,
        tell: impl FnOnce(Result<T, PageError>),
    ) {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The folder may have been deleted, or replaced by a backup, since a connection was made.
        let there = std::iter::from_fn(|| idle().pop()).find(|catalog| catalog.check_is_there().is_ok());
        let mut catalog = match there.map_or_else(|| Catalog::reopen(&self.library), Ok) {
            Ok(catalog) => catalog,
            Err(error) => return tell(Err(error.into())),
        };
        let answer = work(&mut catalog);
        if !catalog.is_at_rest() {
            // A connection that is still in a transaction would keep all others from writing.
            drop(catalog);
            tell(answer);
        } else if catalog.has_long_log().unwrap_or(false) {
            tell(answer);
            // The visitor need not wait for this. Where it fails, it is tried again after the next answer.
            let _ = catalog.move_log();
            idle().push(catalog);
        } else {
            idle().push(catalog);
            tell(answer);
        }
    }

    /// The same for work that takes much memory, as a search among all photos: little of it at once.
    pub async fn ask_much<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Catalog) -> Result<T, PageError> + Send + 'static,
    ) -> Result<T, PageError> {
        let _turn = self.large.acquire().await.map_err(|_| PageError::Panicked)?;
        self.ask(work).await
    }

    /// The same for work with the models, one request at a time: first `prepare`, which may decode a photo, then `work`. The models are
    /// loaded only for `work`, and given back after it; meanwhile no photo is decoded, as both would take too much memory.
    pub async fn ask_models<P, T: Send + 'static>(
        &self,
        prepare: impl FnOnce(&mut Catalog, &Budget) -> Result<P, PageError> + Send + 'static,
        work: impl FnOnce(P, &Pack) -> Result<T, PageError> + Send + 'static,
    ) -> Result<T, PageError> {
        let _turn = self.models.acquire().await.map_err(|_| PageError::Panicked)?;
        let photo = self.previews.turn().await;
        let site = self.clone();
        self.ask(move |catalog| {
            let prepared = prepare(catalog, &site.previews.memory)?;
            drop(photo);
            let _memory = site.previews.memory.take(u64::MAX);
            let pack = Pack::load(site.pack(catalog)?, &site.library.packs());
            let answer = work(prepared, &pack.map_err(|error| PageError::Failed(error.to_string()))?);
            crate::scan::trim();
            answer
        })
        .await
    }

    /// `http`, or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.is_encrypted { "https" } else { "http" }
    }

    /// Everybody as they are now. It may wait for the disk.
    pub fn everybody(&self) -> Result<Arc<People>, PageError> {
        self.everybody.of(&self.library)
    }

    /// All photos in order as they are now. It may wait for the disk.
    pub fn listing(&self) -> Result<Arc<Listing>, PageError> {
        self.listing.of(&self.library)
    }

    /// The same, and the number of this state of the library.
    pub fn now(&self) -> Result<Now, PageError> {
        self.listing.with_edition(&self.library)
    }

    /// The faces of somebody in order of time; see [`Catalog::seen`].
    pub fn seen(
        &self,
        catalog: &Catalog,
        (listing, edition): &Now,
        person: PersonId,
    ) -> Result<Arc<Vec<Seen>>, PageError> {
        self.seen.of(*edition, person, || {
            let seen = catalog.seen(listing, person)?;
            // Not of a library that another has replaced meanwhile.
            catalog.check_is_there()?;
            Ok(seen)
        })
    }

    /// Who is most often in one photo with somebody, and in how many; see [`Company::most_often_with`].
    ///
    /// [`Company::most_often_with`]: crate::catalog::Company::most_often_with
    pub fn companions(&self, (listing, edition): &Now, person: PersonId) -> Result<Arc<Vec<(Who, u64)>>, PageError> {
        self.companions.of(*edition, person, || {
            let people = self.everybody()?;
            let photos = people.company().photos_of(person).into_iter().filter(|&photo| listing.has_file(photo));
            Ok(people.company().most_often_with(person, (listing, photos), people.labels(), MOST_COMPANIONS))
        })
    }

    /// Where photos of somebody were taken most often, and in how many.
    pub fn places(&self, catalog: &Catalog, now: &Now, person: PersonId) -> Result<Arc<Vec<(Place, u64)>>, PageError> {
        self.places.of(now.1, person, || Ok(catalog.places_among(&now.0, &self.seen(catalog, now, person)?, PLACES)?))
    }

    /// Where on the globe somebody is seen, the place with most photos first.
    pub fn spots(&self, catalog: &Catalog, now: &Now, person: PersonId) -> Result<Arc<Vec<Spot>>, PageError> {
        self.spots.of(now.1, person, || Ok(catalog.spots_among(&now.0, &self.seen(catalog, now, person)?, SPOTS)?))
    }

    /// In how many photos two people or groups are together.
    pub fn together(&self, catalog: &Catalog, one: PersonId, other: PersonId) -> Result<u64, PageError> {
        let people = self.everybody()?;
        let photos = |id: PersonId| people.get(id).map_or(0, |person| person.photos);
        // From the one with fewer photos to the other.
        let (one, other) = if photos(one) <= photos(other) { (one, other) } else { (other, one) };
        Ok(people.company().together(&self.seen(catalog, &self.now()?, one)?, other))
    }

    /// What is asked, for as long as a question is looked for or answered.
    pub fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pack in use.
    pub fn pack(&self, catalog: &Catalog) -> Result<PackInfo, PageError> {
        Ok(active_pack(catalog, &self.library)?)
    }

    /// Changes the library, all of `work` or nothing, and sends the browser back to where it was; there it is told what was
    /// decided, and may take it back.
    pub async fn change(
        &self,
        visit: &Visit,
        work: impl FnOnce(&mut Deciding) -> Result<(), PageError> + Send + 'static,
    ) -> Result<Redirect, PageError> {
        let site = self.clone();
        let decided = self.ask(move |catalog| {
            let pack = site.pack(catalog)?;
            decide(catalog, &pack, work)
        });
        Ok(visit.back(decided.await?.1.lines))
    }

    /// The same where questions are answered. Until all is decided, nobody else looks at the queues: they would find the question still
    /// open, and ask it again.
    pub async fn change_with_queues(
        &self,
        visit: &Visit,
        work: impl FnOnce(&mut Queues, &mut Deciding) -> Result<(), PageError> + Send + 'static,
    ) -> Result<Redirect, PageError> {
        let site = self.clone();
        let decided = self.ask(move |catalog| {
            let pack = site.pack(catalog)?;
            let mut queues = site.queues();
            decide(catalog, &pack, |deciding| work(&mut queues, deciding))
        });
        Ok(visit.back(decided.await?.1.lines))
    }
}
