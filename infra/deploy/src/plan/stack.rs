//! A stack of a stage as it is handed in: its template, and where the values of its parameters come from.

use crate::Protection;

/// A stack of a stage, ready to deploy.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Name within the stage, for example `ShopData`.
    pub name: String,
    /// Physical name, for example `ShopData-dev`.
    pub stack_name: String,
    /// The committed template's text.
    pub template: String,
    /// Its parameters and where their values come from.
    pub parameters: Vec<Parameter>,
    /// Tags of the stack.
    pub tags: Vec<(String, String)>,
    /// The termination protection and stack policy that the stack should have.
    pub protection: Protection,
    /// It is part of a plan only if the selection names it.
    pub only_when_named: bool,
}

/// One parameter of a template.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Name within the stage, for example `ShopData`.
    pub name: String,
    /// Where its value comes from.
    pub source: Source,
}

/// Where a parameter's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Given with the deployment. Without it, an optional one keeps the template's default.
    Given {
        /// The template has a default.
        optional: bool,
        /// How to give it, for the error that lists what is missing.
        hint: String,
    },
    /// An output of another stack of the stage.
    Output {
        /// That stack's name within the stage.
        stack: String,
        /// The output's name.
        output: String,
    },
    /// Name of the assets bucket.
    AssetBucket,
    /// Key of an asset in the assets bucket.
    AssetKey {
        /// The asset's name.
        asset: String,
    },
}
