//! Whether FIPE lists what a task names. Without this check, a bogus task would be recorded as a brand without models,
//! or as a model without prices, in a real crawl. Does not determine the newest month.

use tokio::time::{Instant, timeout_at};

use crate::call::{Brands, Models, ReferenceTables, YearFuels};
use crate::client::{Fipe, Http};
use crate::error::{Error, Fault};
use crate::message::{Calls, Crawl, Model, YearFuel};

impl<H: Http> Fipe<H> {
    /// Succeeds when FIPE's table with that code is for that month. An instance fetches the tables once, and again for an
    /// unknown code.
    ///
    /// # Errors
    /// [`Error::OtherMonth`], [`Error::Unlisted`], and those of [`Fipe::ask`].
    pub(crate) async fn check_month(&self, crawl: &Crawl, until: Instant, calls: &mut Calls) -> Result<(), Error> {
        let Ok(mut months) = timeout_at(until, self.months.lock()).await else {
            return Err(Error::OutOfTime { call: ReferenceTables.to_string(), last: None });
        };
        let reference_code = crawl.reference_code;
        if !months.contains_key(&reference_code) {
            let tables = self.ask(&ReferenceTables, until, calls).await?;
            *months = tables.into_iter().map(|table| (table.code, table.month)).collect();
        }
        match months.get(&reference_code) {
            Some(listed) if *listed == crawl.month => Ok(()),
            Some(listed) => Err(Error::OtherMonth { reference_code, listed: *listed, month: crawl.month }),
            None => Err(Error::Unlisted { what: format!("reference {reference_code}") }),
        }
    }

    /// The models of a brand that FIPE lists. An empty list is no fact: each of the 238 brands of July and August 2026 has models.
    ///
    /// # Errors
    /// [`Error::Unlisted`], [`Fault::NoModels`] when the second answer is as empty as the first, and those of [`Fipe::ask`].
    pub(crate) async fn models(&self, of: &Models<'_>, until: Instant, calls: &mut Calls) -> Result<Vec<Model>, Error> {
        let models = self.ask(of, until, calls).await?;
        if !models.is_empty() {
            return Ok(models);
        }
        let Models { reference_code, vehicle_type, brand_code } = *of;
        let brands = self.ask(&Brands { reference_code, vehicle_type }, until, calls).await?;
        if !brands.iter().any(|brand| brand.code == brand_code) {
            let what = format!("brand {brand_code} of type {vehicle_type} in reference {reference_code}");
            return Err(Error::Unlisted { what });
        }
        let models = self.ask(of, until, calls).await?;
        if models.is_empty() {
            return Err(Error::Call { call: of.to_string(), attempts: 2, fault: Fault::NoModels });
        }
        Ok(models)
    }

    /// The model years and fuels of a model. An empty list is a fact only for a model that FIPE lists under that brand, and when FIPE says so
    /// twice: 82 of the 84 models that had no year in August 2026 had some in July.
    ///
    /// # Errors
    /// [`Error::Unlisted`], and those of [`Fipe::ask`] and [`Fipe::models`].
    pub(crate) async fn year_fuels(
        &self,
        of: &YearFuels<'_>,
        until: Instant,
        calls: &mut Calls,
    ) -> Result<Vec<YearFuel>, Error> {
        let pairs = self.ask(of, until, calls).await?;
        if !pairs.is_empty() {
            return Ok(pairs);
        }
        let models = self.models(&of.of, until, calls).await?;
        if !models.iter().any(|model| model.code == of.model_code) {
            let Models { reference_code, vehicle_type, brand_code } = of.of;
            let what = format!(
                "model {} of brand {brand_code} of type {vehicle_type} in reference {reference_code}",
                of.model_code
            );
            return Err(Error::Unlisted { what });
        }
        self.ask(of, until, calls).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{FakeFipe, crawl, in_seconds};

    const BRAND: Models<'_> = Models { reference_code: 73, vehicle_type: 1, brand_code: "11" };

    #[tokio::test(start_paused = true)]
    async fn a_month_is_asked_for_once_and_must_be_that_of_its_code() {
        let fipe = Fipe::new(FakeFipe::default(), 600_000.0, 4);
        let check = async |code, month: &str| {
            let crawl = Crawl { reference_code: code, month: month.parse().unwrap(), ..crawl() };
            fipe.check_month(&crawl, in_seconds(60), &mut Calls::default()).await
        };
        check(73, "2026-08").await.unwrap();
        check(86, "2026-07").await.unwrap();
        assert_eq!(fipe.http.calls.get(), 1);

        let error = check(73, "2026-07").await.unwrap_err();
        assert_eq!(error.to_string(), "reference 73 is 2026-08, not 2026-07");
        assert!(!error.is_transient());
        assert_eq!(fipe.http.calls.get(), 1);

        let error = check(999, "2026-08").await.unwrap_err();
        assert_eq!(error.to_string(), "FIPE does not list reference 999");
        assert!(!error.is_transient());
        assert_eq!(fipe.http.calls.get(), 2, "it may be newer than what is known");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_found_is_a_fact_only_for_what_is_listed() {
        let fipe = FakeFipe::default().client();
        let mut calls = Calls::default();
        let of = YearFuels { of: BRAND, model_code: 3 };
        assert_eq!(fipe.year_fuels(&of, in_seconds(60), &mut calls).await.unwrap(), []);
        assert_eq!(calls.made, 3, "asked twice, and in between whether FIPE lists the model");

        let of = YearFuels { of: BRAND, model_code: 4 };
        let error = fipe.year_fuels(&of, in_seconds(60), &mut calls).await.unwrap_err();
        assert_eq!(error.to_string(), "FIPE does not list model 4 of brand 11 of type 1 in reference 73");
        assert!(!error.is_transient());

        let of = Models { brand_code: "404", ..BRAND };
        let error = fipe.models(&of, in_seconds(60), &mut calls).await.unwrap_err();
        assert_eq!(error.to_string(), "FIPE does not list brand 404 of type 1 in reference 73");
        assert!(!error.is_transient());
    }

    /// A FIPE that finds nothing when one of its lists is asked for the first time, or always.
    fn nothing(endpoint: &'static str, once: bool) -> Fipe<FakeFipe> {
        let asked = std::cell::Cell::new(0);
        FakeFipe::with_trouble(move |_, of, _| {
            asked.set(asked.get() + i32::from(of == endpoint));
            let is_empty = of == endpoint && (asked.get() == 1 || !once);
            is_empty.then(|| Ok(crate::fakes::good(&serde_json::json!({"codigo": "0", "erro": "nadaencontrado"}))))
        })
        .client()
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_is_empty_once_is_asked_for_again() {
        let mut calls = Calls::default();
        let models = nothing("ConsultarModelos", true).models(&BRAND, in_seconds(60), &mut calls).await.unwrap();
        assert_eq!((models.len(), calls.made), (3, 3));
        let of = YearFuels { of: BRAND, model_code: 1 };
        let mut calls = Calls::default();
        let fipe = nothing("ConsultarAnoModelo", true);
        assert_eq!(fipe.year_fuels(&of, in_seconds(60), &mut calls).await.unwrap().len(), 2);
        assert_eq!(calls.made, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_brand_without_models_is_a_sick_answer_and_a_model_without_years_is_a_fact() {
        let mut calls = Calls::default();
        let fipe = nothing("ConsultarModelos", false);
        let error = fipe.models(&BRAND, in_seconds(60), &mut calls).await.unwrap_err();
        assert!(error.is_transient() && error.is_upstreams(), "{error:?}");
        assert_eq!(error.kind(), "upstream");
        let Error::Call { call, attempts: 2, fault } = error else { panic!("{error:?}") };
        assert_eq!(call, "ConsultarModelos of reference 73 type 1 brand 11");
        assert_eq!(fault.to_string(), "a brand without models, although the upstream lists it");

        let of = YearFuels { of: BRAND, model_code: 1 };
        let years = nothing("ConsultarAnoModelo", false).year_fuels(&of, in_seconds(60), &mut calls).await;
        assert_eq!(years.unwrap(), []);
        // Nor does a brand that seems empty make a model of it unlisted, which would be for good.
        let of = YearFuels { of: BRAND, model_code: 3 };
        let error = fipe.year_fuels(&of, in_seconds(60), &mut calls).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
}
