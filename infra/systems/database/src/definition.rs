//! What differs between the databases of two systems.

use contract::FunctionNames;

/// A system's database.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Name of the system, with which its layer's name begins.
    pub system: &'static str,
    /// Of the database in the cluster.
    pub name: &'static str,
    /// The role that owns the schema.
    pub owner: &'static str,
    /// The least-privilege role that functions connect as.
    pub application_role: &'static str,
    /// The function that applies the migrations.
    pub db_init: FunctionNames,
    /// File names of the migrations, in order.
    pub migrations: &'static [&'static str],
    /// Type of the custom resource, `Custom::OrdersSchema`.
    pub schema_type: &'static str,
    pub descriptions: Descriptions,
}

/// How the database's resources are described.
#[derive(Debug, Clone, Copy)]
pub struct Descriptions {
    pub database: &'static str,
    pub owner: &'static str,
    /// Of the application role's secret.
    pub functions: &'static str,
    /// Of the rule that admits the functions.
    pub clients: &'static str,
    pub db_init: &'static str,
}

/// The descriptions of a database with this name, such as `"orders"`.
#[macro_export]
macro_rules! descriptions {
    ($name:literal) => {
        $crate::Descriptions {
            database: concat!("The ", $name, " database."),
            owner: concat!("Owner of the ", $name, " database."),
            functions: concat!("Functions of the ", $name, " database."),
            clients: concat!("Functions that use the ", $name, " database."),
            db_init: concat!("Applies the migrations of the ", $name, " database."),
        }
    };
}
