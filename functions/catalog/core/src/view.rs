//! What clients see of a product; internal fields are left out.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::price::Price;
use crate::product::{Product, Status};

/// A product that is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Accepted)]
pub(crate) struct AcceptedView {
    #[schema(value_type = String, format = "uuid", example = "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11")]
    pub(crate) id: Uuid,
    pub(crate) status: Status,
}

impl AcceptedView {
    pub(crate) fn new(id: Uuid) -> Self {
        Self { id, status: Status::Accepted }
    }
}

/// A product that is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductView {
    #[schema(value_type = String, format = "uuid", example = "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11")]
    id: Uuid,
    status: Status,
    #[schema(min_length = 1, max_length = 255, example = "Cup")]
    name: String,
    #[schema(max_length = 4000, example = "White, 0.3 l")]
    description: String,
    /// With two decimal places.
    #[schema(value_type = String, pattern = r"^[0-9]{1,10}\.[0-9]{2}$", example = "19.90")]
    price: Price,
    /// When it was accepted, in UTC.
    #[schema(value_type = String, format = "date-time", example = "2026-08-01T10:20:30.5Z")]
    accepted_at: jiff::Timestamp,
}

impl From<Product> for ProductView {
    fn from(Product { id, draft, accepted_at }: Product) -> Self {
        let (name, description, price) = (draft.name, draft.description, draft.price);
        Self { id, status: Status::Saved, name, description, price, accepted_at }
    }
}
