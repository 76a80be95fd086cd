# Answers by R for tests/test_statistics_oracle.py, on public data sets that R and its packages ship.
# Debian: apt-get install r-base-core r-cran-lme4 r-cran-lmertest r-cran-emmeans r-cran-coin r-cran-proc r-cran-exactranktests r-cran-jsonlite r-cran-mass r-cran-nlme r-cran-mvtnorm
# Run:    Rscript tests/oracle/make_answers.R > tests/oracle/answers.json
suppressPackageStartupMessages({
  library(jsonlite); library(lmerTest); library(emmeans); library(coin); library(exactRankTests); library(pROC)
})
options(warn = 1)
quiet <- function(x) suppressWarnings(suppressMessages(x))
answers <- list()

# ---- pairs ----------------------------------------------------------------------------------------------------------
pairs_of <- function(before, after) {
  d <- round(after - before, 8)  # without the noise of floating point, which would break ties
  zero <- rep(0, length(d))
  t <- t.test(d)
  w <- quiet(wilcox.test(d, conf.int = TRUE))
  plain <- quiet(wilcox.test(d, exact = FALSE, correct = FALSE))
  corrected <- quiet(wilcox.test(d, exact = FALSE, correct = TRUE))
  exact <- quiet(wilcox.exact(d, conf.int = TRUE))
  pratt <- quiet(wilcoxsign_test(d ~ zero, distribution = "exact", zero.method = "Pratt"))
  dropped <- quiet(wilcoxsign_test(d ~ zero, distribution = "exact", zero.method = "Wilcoxon"))
  sign <- binom.test(sum(d < 0), sum(d != 0))
  n <- length(d); dz <- mean(d) / sd(d)
  nc <- function(q) uniroot(function(nc) pt(dz * sqrt(n), n - 1, nc) - q, c(-30, 30), tol = 1e-13)$root / sqrt(n)
  j <- exp(lgamma((n - 1) / 2) - lgamma((n - 2) / 2)) / sqrt((n - 1) / 2)
  list(before = before, after = after, t = list(estimate = unname(t$estimate), ci = as.numeric(t$conf.int), statistic = unname(t$statistic), p = t$p.value),
       log_t = if (all(c(before, after) > 0)) { g <- t.test(log(after) - log(before)); list(ratio = exp(unname(g$estimate)), ci = exp(as.numeric(g$conf.int)), p = g$p.value) },
       wilcox_test = list(statistic = unname(w$statistic), p = w$p.value, estimate = unname(w$estimate), ci = as.numeric(w$conf.int), method = w$method),
       wilcox_plain_p = plain$p.value, wilcox_corrected_p = corrected$p.value,
       wilcox_exact = list(p = exact$p.value, estimate = unname(exact$estimate), ci = as.numeric(exact$conf.int)),
       coin_pratt_p = as.numeric(pvalue(pratt)), coin_wilcoxon_p = as.numeric(pvalue(dropped)),
       sign = list(share = unname(sign$estimate), ci = as.numeric(sign$conf.int), p = sign$p.value),
       dz = list(estimate = dz, ci = c(nc(0.975), nc(0.025)), hedges = j * dz),
       quartiles = list(type6 = unname(quantile(after, c(.25, .5, .75), type = 6)), type7 = unname(quantile(after, c(.25, .5, .75), type = 7))))
}
anorexia <- MASS::anorexia
ft <- anorexia[anorexia$Treat == "FT", ]; ct <- anorexia[anorexia$Treat == "CBT", ]
answers$pairs <- list(
  sleep = pairs_of(sleep$extra[sleep$group == 1], sleep$extra[sleep$group == 2]),
  anorexia_ft = pairs_of(ft$Prewt, ft$Postwt), anorexia_cbt = pairs_of(ct$Prewt, ct$Postwt),
  shoes = pairs_of(MASS::shoes$A, MASS::shoes$B), immer = pairs_of(MASS::immer$Y1, MASS::immer$Y2),
  pratt_zeros = pairs_of(c(5, 5, 6, 7, 8, 9, 4, 6), c(5, 6, 8, 9, 9, 12, 4, 9)),
  small = pairs_of(c(10, 11, 12, 9, 14), c(11.5, 13, 12.4, 11.2, 17)))

# ---- multiplicity ---------------------------------------------------------------------------------------------------
p <- c(0.0003, 0.011, 0.02, 0.021, 0.049, 0.3, 0.77, 1)
answers$adjust <- list(p = p, holm = p.adjust(p, "holm"), hochberg = p.adjust(p, "hochberg"), bh = p.adjust(p, "BH"))

# ---- mixed models ---------------------------------------------------------------------------------------------------
fixed <- function(m) {
  s <- coef(summary(m, ddf = "Satterthwaite"))
  list(names = rownames(s), estimate = unname(s[, "Estimate"]), se = unname(s[, "Std. Error"]), df = unname(s[, "df"]), p = unname(s[, "Pr(>|t|)"]),
       sds = as.data.frame(VarCorr(m))$sdcor, sigma = sigma(m), loglik = as.numeric(logLik(m)), theta = unname(getME(m, "theta")), singular = isSingular(m))
}
strict <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e6), check.conv.singular = "ignore")
joint <- function(m) { a <- anova(m, ddf = "Satterthwaite"); list(f = a[["F value"]], df = a[["NumDF"]], df2 = a[["DenDF"]], p = a[["Pr(>F)"]]) }
visits_of <- function(m, name) {
  e <- quiet(emmeans(m, name, lmer.df = "satterthwaite"))
  s <- confint(e); a <- summary(contrast(e, "consec"), adjust = "none")
  list(mean = s$emmean, mean_df = s$df, low = s$lower.CL, high = s$upper.CL, diff = a$estimate, diff_se = a$SE, diff_df = a$df, diff_p = a$p.value)
}
ss <- lme4::sleepstudy; ss$Subject <- as.character(ss$Subject)
six <- ss[ss$Subject %in% unique(ss$Subject)[1:6], ]
some <- ss[ss$Days %in% c(0, 3, 6, 9), ]; some <- some[-c(3, 8, 12, 22, 23, 40, 51, 64), ]
some$visit <- factor(some$Days)
orthodont <- as.data.frame(nlme::Orthodont); orthodont$Subject <- as.character(orthodont$Subject); orthodont$visit <- factor(orthodont$age)
pixel <- as.data.frame(nlme::Pixel); pixel$Dog <- as.character(pixel$Dog); pixel$Side <- as.character(pixel$Side); pixel <- pixel[pixel$day %in% c(0, 2, 6, 10, 14), ]
pixel$visit <- factor(pixel$day)
flat <- data.frame(id = rep(sprintf("s%02d", 1:8), each = 4), time = rep(0:3, 8),
                   y = c(1, 2, 3, 5, 2, 1, 4, 4, 1.5, 2.5, 2, 4.5, 2.2, 1.9, 3.1, 4, 1, 3, 3, 4, 2, 2, 3, 5, 1.4, 2.1, 3.3, 4.2, 1.7, 2.4, 2.8, 4.9))
add <- function(data, m, visit = NULL) c(list(data = as.list(data), fixed = fixed(m)), if (!is.null(visit)) list(joint = joint(m), visits = visits_of(m, visit)))
answers$mixed <- list(
  sleepstudy = add(ss[, c("Subject", "Days", "Reaction")], lmer(Reaction ~ Days + (Days | Subject), ss, control = strict)),
  sleepstudy_six = add(six[, c("Subject", "Days", "Reaction")], lmer(Reaction ~ Days + (Days | Subject), six, control = strict)),
  sleepstudy_intercept = add(some[, c("Subject", "Days", "Reaction")], lmer(Reaction ~ Days + (1 | Subject), some, control = strict)),
  sleepstudy_visits = add(some[, c("Subject", "Days", "Reaction")], lmer(Reaction ~ visit + (Days | Subject), some, control = strict), "visit"),
  orthodont_visits = add(orthodont[, c("Subject", "age", "distance")], lmer(distance ~ visit + (1 | Subject), orthodont, control = strict), "visit"),
  pixel_slope = add(pixel[, c("Dog", "Side", "day", "pixel")], lmer(pixel ~ day + (day | Dog) + (1 | Dog:Side), pixel, control = strict)),
  pixel_visits = add(pixel[, c("Dog", "Side", "day", "pixel")], lmer(pixel ~ visit + (day | Dog) + (1 | Dog:Side), pixel, control = strict), "visit"),
  singular = add(flat, lmer(y ~ time + (1 | id), flat, control = strict)))

# ---- discrimination -------------------------------------------------------------------------------------------------
data(aSAH, package = "pROC")
curve <- function(y, x) {
  r <- quiet(roc(y, x, direction = "<", levels = c(0, 1))); d <- ci.auc(r, method = "delong"); w <- t.test(x[y == 1], x[y == 0])
  hl <- quiet(wilcox.test(x[y == 1], x[y == 0], conf.int = TRUE, exact = FALSE))
  list(y = y, x = x, auc = as.numeric(auc(r)), ci = as.numeric(d)[c(1, 3)], variance = var(r, method = "delong"),
       fpr = rev(1 - r$specificities), tpr = rev(r$sensitivities),
       welch = list(estimate = unname(w$estimate[1] - w$estimate[2]), ci = as.numeric(w$conf.int), df = unname(w$parameter), p = w$p.value),
       mann_whitney = list(p = hl$p.value, plain_p = quiet(wilcox.test(x[y == 1], x[y == 0], exact = FALSE, correct = FALSE))$p.value))
}
poor <- as.integer(aSAH$outcome == "Poor")
few <- aSAH[seq(1, nrow(aSAH), 4), ]
answers$roc <- list(s100b = curve(poor, aSAH$s100b), ndka = curve(poor, aSAH$ndka), few = curve(as.integer(few$outcome == "Poor"), few$wfns |> as.integer()))
a <- na.omit(airquality[, c("Ozone", "Wind")])
s <- quiet(cor.test(a$Ozone, a$Wind, method = "spearman", exact = FALSE))
answers$spearman <- list(x = a$Ozone, y = a$Wind, rho = unname(s$estimate), p = s$p.value)

# ---- ordered alternatives (Page, asymptotic) ------------------------------------------------------------------------
o <- some[some$Subject %in% names(which(table(some$Subject) == 4)), ]
o$Subject <- factor(o$Subject); o$visit <- ordered(o$Days)
f <- friedman_test(Reaction ~ visit | Subject, data = o)
answers$page <- list(matrix = unname(as.matrix(reshape(o[, c("Subject", "Days", "Reaction")], idvar = "Subject", timevar = "Days", direction = "wide")[, -1])),
                     z = abs(as.numeric(statistic(f))), p = as.numeric(pvalue(f)), method = f@method)

# ---- a censored bivariate normal model ------------------------------------------------------------------------------
censored <- function(before, after, limit) {
  x <- log(before); y <- log(after); l <- log(limit)
  loss <- function(v) {
    m <- c(v[1], v[1] + v[2]); s <- exp(v[3:4]); r <- tanh(v[5]); S <- diag(s) %*% matrix(c(1, r, r, 1), 2) %*% diag(s)
    -sum(mapply(function(a, b) {
      if (a >= l && b >= l) mvtnorm::dmvnorm(c(a, b), m, S, log = TRUE)
      else if (a < l && b < l) log(mvtnorm::pmvnorm(upper = c(l, l), mean = m, sigma = S)[1])
      else { seen <- if (a >= l) 1 else 2; other <- 3 - seen; value <- c(a, b)[seen]; g <- r * s[other] / s[seen]
        dnorm(value, m[seen], s[seen], log = TRUE) + pnorm(l, m[other] + g * (value - m[seen]), s[other] * sqrt(1 - r^2), log.p = TRUE) }
    }, x, y))
  }
  start <- c(mean(pmax(x, l)), mean(pmax(y, l)) - mean(pmax(x, l)), log(sd(pmax(x, l))), log(sd(pmax(y, l))), 0.3)
  o <- optim(start, loss, method = "BFGS", control = list(reltol = 1e-14, maxit = 1000))
  o <- optim(o$par, loss, method = "Nelder-Mead", control = list(reltol = 1e-15, maxit = 5000))
  at <- function(g) optim(o$par[-2], function(u) loss(c(u[1], g, u[2:4])), method = "BFGS", control = list(reltol = 1e-14, maxit = 1000))$value - o$value - qchisq(0.95, 1) / 2
  w <- 1.5 * abs(sd(pmax(x, l))) / sqrt(length(x)) * 2
  list(before = before, after = after, limit = limit, estimate = o$par[2], loss = o$value,
       ci = c(uniroot(at, c(o$par[2] - w, o$par[2]), tol = 1e-9, extendInt = "downX")$root, uniroot(at, c(o$par[2], o$par[2] + w), tol = 1e-9, extendInt = "upX")$root),
       p = pchisq(2 * (at(0) + qchisq(0.95, 1) / 2), 1, lower.tail = FALSE))
}
answers$censored <- list(immer = censored(MASS::immer$Y1, MASS::immer$Y2, 85), anorexia = censored(anorexia$Prewt, anorexia$Postwt, 79))

versions <- c(R = as.character(getRversion()), sapply(c("lme4", "lmerTest", "emmeans", "coin", "exactRankTests", "pROC", "mvtnorm"), function(n) as.character(packageVersion(n))))
cat(toJSON(c(list(versions = as.list(versions)), answers), digits = NA, auto_unbox = TRUE, dataframe = "columns", na = "null", pretty = FALSE), "\n")
