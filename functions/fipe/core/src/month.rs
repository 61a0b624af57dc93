//! A calendar month, and how FIPE spells it. Refuses days and clocks.
