//! What an app has, by types.
use crate::base::error::{Error, Result};
use crate::base::ids::MethodId;
use crate::entity::traits::{Entity, Method};
use crate::methods::table::Methods;
use std::any::{TypeId, type_name};

impl Methods {
    /// Which method it is.
    ///
    /// # Errors
    /// When its class is not part of the app.
    pub(crate) fn id<M: Method>(&self) -> Result<MethodId> {
        let id = self.find(TypeId::of::<M>(), TypeId::of::<M::Entity>(), M::NAME);
        id.ok_or_else(|| self.stranger::<M::Entity>())
    }

    /// Whether a class is part of the app.
    pub(crate) fn has<E: Entity>(&self) -> bool {
        self.has_class(TypeId::of::<E>())
    }

    /// What is said of a class that is not.
    pub(crate) fn stranger<E: Entity>(&self) -> Error {
        Error::NotInApp { entity: E::NAME, path: type_name::<E>(), app: self.app.clone() }
    }
}
