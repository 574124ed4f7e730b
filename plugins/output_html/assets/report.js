// Draws every plot of the page from the JSON beside it. Nothing here asks the network for anything.
(function () {
  "use strict";
  var root = document.documentElement;
  var order = ["blue", "orange", "green", "violet", "red", "teal", "amber", "grey", "sky"];
  var day = 86400000;
  var months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  var charts = [];

  function css(name) { return getComputedStyle(root).getPropertyValue("--" + name).trim(); }
  function faded(color, alpha) {
    var n = parseInt(color.slice(1), 16);
    return "rgba(" + (n >> 16 & 255) + "," + (n >> 8 & 255) + "," + (n & 255) + "," + alpha + ")";
  }
  function number(value) {
    var size = Math.abs(value);
    var decimals = size >= 1000 || size === 0 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : Math.min(10, 2 - Math.floor(Math.log10(size)));
    return new Intl.NumberFormat("en", { maximumFractionDigits: decimals, useGrouping: size >= 10000 }).format(value).replace("-", "\u2212");
  }
  function withUnit(value, unit) {
    return unit && unit.length <= 8 ? number(value) + (unit === "%" || unit.charAt(0) === "\u00b0" ? "\u202f" : "\u00a0") + unit : number(value);
  }
  function when(ms, wholeDays) {
    var d = new Date(ms);
    var text = d.getUTCDate() + " " + months[d.getUTCMonth()] + " " + d.getUTCFullYear();
    return wholeDays ? text : text + ", " + d.toISOString().slice(11, 16) + " UTC";
  }

  // Ticks at the first of years, months or days, or at round hours, not more than fit.
  function timeTicks(min, max, most) {
    var ticks = [];
    var span = max - min;
    var at, i;
    var years = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
    var monthSteps = [1, 3, 6];
    for (i = 0; i < monthSteps.length && span / day > 45; i++) {
      if (span / (monthSteps[i] * 30.4 * day) > most) continue;
      for (at = new Date(Date.UTC(new Date(min).getUTCFullYear(), 0, 1)); at <= max; at.setUTCMonth(at.getUTCMonth() + monthSteps[i])) {
        if (at >= min) ticks.push({ value: +at, label: at.getUTCMonth() === 0 ? String(at.getUTCFullYear()) : months[at.getUTCMonth()], major: at.getUTCMonth() === 0 });
      }
      return ticks;
    }
    if (span / day > 45) {
      for (i = 0; i < years.length - 1 && span / (years[i] * 365.25 * day) > most; i++);
      var year = Math.ceil(new Date(min).getUTCFullYear() / years[i]) * years[i];
      for (at = new Date(Date.UTC(year, 0, 1)); at <= max; at.setUTCFullYear(at.getUTCFullYear() + years[i])) {
        if (at >= min) ticks.push({ value: +at, label: String(at.getUTCFullYear()), major: true });
      }
      return ticks;
    }
    var steps = [60000, 300000, 900000, 3600000, 3 * 3600000, 6 * 3600000, 12 * 3600000, day, 2 * day, 7 * day];
    for (i = 0; i < steps.length - 1 && span / steps[i] > most; i++);
    for (var t = Math.ceil(min / steps[i]) * steps[i]; t <= max; t += steps[i]) {
      var d = new Date(t);
      ticks.push({ value: t, label: t % day === 0 ? d.getUTCDate() + " " + months[d.getUTCMonth()] : d.toISOString().slice(11, 16), major: t % day === 0 });
    }
    return ticks;
  }

  function dataset(plot, series, index, crowded) {
    var color = css(series.color || order[index % order.length]);
    var points = plot.axis === "category" ? series.y : series.x.map(function (x, i) {
      return { x: x, y: series.y[i] === null ? NaN : series.y[i] };
    });
    var set = {
      label: series.name, data: points, yAxisID: series.right ? "y2" : "y", borderColor: color, backgroundColor: color,
      pointHoverBackgroundColor: color, pointHoverBorderColor: css("paper"), pointHoverBorderWidth: 2, pointHoverRadius: 5
    };
    if (series.draw === "bar") {
      return Object.assign(set, { type: "bar", borderWidth: 0, borderRadius: plot.stacked ? 0 : 3, borderSkipped: "start", categoryPercentage: .8, barPercentage: plot.series.length > 1 && !plot.stacked ? .92 : .96, order: 2 });
    }
    if (series.draw === "points") {
      return Object.assign(set, { type: "scatter", pointRadius: crowded ? 2.6 : 3.6, pointBackgroundColor: faded(color, crowded ? .5 : .72), pointBorderWidth: 0, showLine: false, order: 2 });
    }
    Object.assign(set, { type: "line", pointRadius: !crowded && series.y.length <= 40 ? 2.5 : 0, pointHitRadius: 8, borderJoinStyle: "round", cubicInterpolationMode: "monotone", order: 1 });
    if (series.draw === "line") return Object.assign(set, { borderWidth: crowded ? 1 : 2.25, tension: crowded ? 0 : .3 });
    return Object.assign(set, { borderWidth: 0, pointRadius: 0, pointHoverRadius: 3, order: 3, fill: series.draw === "high" ? "-1" : false, backgroundColor: faded(color, .3), cubicInterpolationMode: "default", tension: 0 });
  }

  // A band is two series of one color and one entry in the legend.
  function datasets(plot) {
    var color = -1;
    var points = 0;
    plot.series.forEach(function (series) { if (series.draw === "points") points += series.y.length; });
    return plot.series.map(function (series) {
      if (series.draw !== "high") color++;
      return dataset(plot, series, color, (series.draw === "points" ? points : series.y.length) > 400);
    });
  }

  // Entries of one size and of the color that the eye finds in the chart.
  function legendEntries(plot) {
    return function (chart) {
      return chart.data.datasets.map(function (set, i) {
        var color = plot.series[i].draw === "high" ? faded(set.borderColor, .45) : set.borderColor;
        return { text: set.label, datasetIndex: i, hidden: !chart.isDatasetVisible(i), fillStyle: color, strokeStyle: color, lineWidth: 0, pointStyle: "circle", fontColor: css("ink") };
      });
    };
  }

  // A little air between the legend and the plot.
  var air = {
    id: "air",
    beforeInit: function (chart) {
      var fit = chart.legend.fit;
      chart.legend.fit = function () { fit.call(chart.legend); if (chart.options.plugins.legend.display) chart.legend.height += 8; };
    }
  };

  function axisTitle(text) { return { display: text !== "", text: text, color: css("soft"), font: { size: 12 } }; }

  function scales(plot) {
    var ticks = { color: css("faint"), font: { size: 12 }, padding: 6 };
    var x = { title: axisTitle(plot.xTitle), border: { color: css("line") }, grid: { display: plot.axis !== "category", color: css("grid"), drawTicks: false, borderColor: css("line") }, ticks: Object.assign({ maxRotation: 0, autoSkipPadding: 14 }, ticks), stacked: plot.stacked };
    if (plot.axis === "category") {
      x.type = "category";
      x.offset = true;
    } else {
      x.type = "linear";
      x.grace = 0;
      if (plot.axis === "time") {
        var all = [];
        plot.series.forEach(function (series) { if (series.x.length) all.push(series.x[0], series.x[series.x.length - 1]); });
        if (all.length) { x.min = Math.min.apply(null, all); x.max = Math.max.apply(null, all); }
        x.afterBuildTicks = function (axis) { axis.ticks = timeTicks(axis.min, axis.max, Math.max(2, Math.floor(axis.width / 64))); };
        x.ticks.autoSkip = false;
        x.ticks.callback = function (value, index, ticks) { return ticks[index].label; };
      } else {
        x.ticks.callback = number;
      }
    }
    function y(position, title) {
      return { position: position, stacked: plot.stacked, title: axisTitle(title), grid: { color: css("grid"), drawTicks: false, drawBorder: false, drawOnChartArea: position === "left" }, ticks: Object.assign({ callback: number, maxTicksLimit: 7 }, ticks), grace: plot.stacked ? 0 : "4%" };
    }
    var result = { x: x, y: y("left", plot.yTitle) };
    if (plot.series.some(function (series) { return series.right; })) result.y2 = y("right", plot.y2Title);
    return result;
  }

  function tooltip(plot) {
    return {
      backgroundColor: css("ink"), titleColor: css("paper"), bodyColor: css("paper"), padding: 10, cornerRadius: 8, boxPadding: 5, usePointStyle: true,
      filter: function (item) { return !isNaN(item.parsed.y) && !(plot.stacked && item.parsed.y === 0); },
      callbacks: {
        title: function (items) {
          if (!items.length || plot.axis === "category") return items.length ? items[0].label : "";
          if (plot.axis === "time") return when(items[0].parsed.x, plot.days);
          return (plot.xTitle ? plot.xTitle + ": " : "") + number(items[0].parsed.x);
        },
        label: function (item) {
          var series = plot.series[item.datasetIndex];
          var bound = series.draw === "low" ? ", low" : series.draw === "high" ? ", high" : "";
          return " " + series.name + bound + ": " + withUnit(item.parsed.y, series.right ? plot.y2Title : plot.unit);
        }
      }
    };
  }

  function options(plot) {
    var scatter = plot.series.some(function (series) { return series.draw === "points"; });
    return {
      animation: false, responsive: true, maintainAspectRatio: false, parsing: plot.axis === "category" ? undefined : false, normalized: plot.axis !== "category" && !scatter,
      interaction: scatter ? { mode: "nearest", intersect: true } : { mode: plot.axis === "category" ? "index" : "x", intersect: false },
      layout: { padding: { top: 2, right: 6 } },
      scales: scales(plot),
      plugins: {
        legend: {
          display: plot.legend, align: "start", position: "top",
          labels: {
            color: css("ink"), boxWidth: 8, boxHeight: 8, padding: 14, usePointStyle: true, font: { size: 12.5 }, generateLabels: legendEntries(plot),
            filter: function (item) { return plot.series[item.datasetIndex].draw !== "low"; }
          },
          onClick: function (event, item, legend) {
            var show = !legend.chart.isDatasetVisible(item.datasetIndex);
            legend.chart.setDatasetVisibility(item.datasetIndex, show);
            if (plot.series[item.datasetIndex].draw === "high") legend.chart.setDatasetVisibility(item.datasetIndex - 1, show);
            legend.chart.update();
          }
        },
        tooltip: tooltip(plot)
      }
    };
  }

  function draw() {
    charts.forEach(function (chart) { chart.destroy(); });
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    charts = Array.prototype.map.call(document.querySelectorAll("script[data-plot]"), function (source) {
      var plot = JSON.parse(source.textContent);
      return new Chart(document.getElementById(source.dataset.plot), { type: plot.series.length && plot.series[0].draw === "bar" ? "bar" : "line", data: { labels: plot.labels, datasets: datasets(plot) }, options: options(plot), plugins: [air] });
    });
  }

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("beforeprint", function () { root.dataset.theme = "light"; draw(); });
  addEventListener("afterprint", function () { delete root.dataset.theme; draw(); });
})();
