//! FIPE's three vehicle types. Messages, the database and the status response carry their codes.

/// A vehicle type, with FIPE's code for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum VehicleType {
    Car = 1,
    Motorcycle = 2,
    Truck = 3,
}

impl VehicleType {
    /// In the order of their codes.
    pub const ALL: [Self; 3] = [Self::Car, Self::Motorcycle, Self::Truck];

    /// 1 car, 2 motorcycle, 3 truck.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The type with this code, if there is one.
    pub fn of_code(code: impl Into<i64>) -> Option<Self> {
        let code = code.into();
        Self::ALL.into_iter().find(|kind| i64::from(kind.code()) == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_one_to_three() {
        assert_eq!(VehicleType::ALL.map(VehicleType::code), [1, 2, 3]);
        assert_eq!(VehicleType::of_code(2), Some(VehicleType::Motorcycle));
        assert_eq!([0, 4].map(VehicleType::of_code), [None, None]);
    }
}
