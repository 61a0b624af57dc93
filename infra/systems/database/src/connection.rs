//! How the functions of another stack connect to a database: the outputs of its stack as parameters.

use cfn::{Parameter, Value};
use constructs::{Grantee, Secret, Stack, VpcPlacement};
use system::Placement;

use crate::data::{DB_APP_SECRET_ARN, DB_CLUSTER_IDENTIFIER, DB_ENDPOINT, DB_PORT, RDS_CA_LAYER_ARN};

/// The parameter with the name of the cluster, for metrics.
pub(crate) const DB_CLUSTER_ID: &str = "DBClusterId";

/// Parameters of a stack whose functions use a database of another.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Host name of the writer.
    pub endpoint: Value<String>,
    pub port: Value<String>,
    /// ARN of the secret with the application role's password.
    pub credentials: Value<String>,
    /// Layer with the certificate authorities, [`crate::RDS_CA_BUNDLE`].
    rds_ca_layer: Value<String>,
    security_group_id: Value<String>,
}

impl Connection {
    /// Takes them from the outputs of `data`, a stack that [`crate::add_database`] has drawn.
    pub fn of(stack: &mut Stack, data: &'static str) -> Self {
        let mut from_data = |id, output, parameter| stack.link(id, data, output, parameter);
        let matching = |pattern, description| Parameter::string().description(description).allowed_pattern(pattern);
        let endpoint = matching("^[A-Za-z0-9.-]+$", "Host name of the database's writer.");
        let endpoint = from_data("DBEndpoint", DB_ENDPOINT, endpoint);
        let port = from_data("DBPort", DB_PORT, matching("^[0-9]{1,5}$", "Port of the database."));
        let cluster = matching("^[A-Za-z0-9-]+$", "Name of the database's cluster.");
        from_data(DB_CLUSTER_ID, DB_CLUSTER_IDENTIFIER, cluster);
        // A name is allowed too: the emulator's `Ref` of a secret is its name, and Secrets Manager accepts either.
        let credentials = matching("^[A-Za-z0-9/_+=.@:-]+$", "ARN of the functions' secret.");
        // Linters mistake a parameter with "Secret" in its name for the secret itself.
        let credentials = from_data("DBCredentialsArn", DB_APP_SECRET_ARN, credentials);
        let rds_ca_layer = matching("^arn:[a-z-]+:lambda:.+:[0-9]+$", "Layer with the authorities of RDS.");
        let rds_ca_layer = from_data("RdsCaLayerArn", RDS_CA_LAYER_ARN, rds_ca_layer);
        let security_group_id = system_network::function_security_group(stack);
        Self { endpoint, port, credentials, rds_ca_layer, security_group_id }
    }

    /// Where a function must be placed to reach the database.
    pub fn placement(&self, subnet_ids: Value<Vec<String>>) -> Placement {
        let vpc = VpcPlacement { subnet_ids, security_group_id: self.security_group_id.clone() };
        Placement::InVpc { vpc, rds_ca_layer: self.rds_ca_layer.clone() }
    }

    /// Reading the application role's password.
    pub fn grant_read_credentials(&self, stack: &mut Stack, grantee: &impl Grantee) {
        Secret::grant_read_of(stack, self.credentials.clone(), grantee);
    }
}
