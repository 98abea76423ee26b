#include "linnet/doctor_document.h"

#include "kernels/select.h"

namespace linnet {
namespace {

Json processor_document(const Processor& processor) {
    Json classes = Json::array(), caches = Json::array();
    for (const CoreClass& each : processor.classes)
        classes.push(Json::object({{"name", each.name},
                                   {"cores", each.cores},
                                   {"threads", each.threads},
                                   {"hz_max", or_null(each.hz_max)}}));
    for (const Cache& cache : processor.caches)
        caches.push(Json::object({{"level", cache.level},
                                  {"type", cache.type},
                                  {"bytes", cache.bytes},
                                  {"count", cache.count}}));
    return Json::object({{"machine", processor.machine},
                         {"name", processor.name},
                         {"virtual", processor.is_virtual},
                         {"classes", std::move(classes)},
                         {"caches", std::move(caches)},
                         {"governor", processor.frequency.governor}});
}

Json kernels_document(const KernelChoice& choice) {
    Json features = Json::array(), available = Json::array();
    for (int i = 0; i < cpu_feature_count; i++)
        if (auto feature = static_cast<CpuFeature>(i); choice.features.has(feature))
            features.push(cpu_feature_name(feature));
    for (Isa isa : kernel_isas()) available.push(isa_name(isa));
    return Json::object({{"features", std::move(features)},
                         {"available", std::move(available)},
                         {"used", isa_name(choice.used)},
                         {"forced", choice.forced}});
}

Json bandwidth_document(const std::optional<Bandwidth>& bandwidth) {
    if (!bandwidth) return {};
    Json points = Json::array();
    for (const BandwidthPoint& point : bandwidth->points)
        points.push(Json::object(
            {{"threads", point.threads}, {"bytes_per_second", point.bytes_per_second}}));
    return Json::object({{"buffer_bytes", bandwidth->buffer_bytes},
                         {"beyond_caches", bandwidth->beyond_caches},
                         {"points", std::move(points)}});
}

Json store_document(const std::optional<StoreState>& store) {
    if (!store) return {};
    return Json::object({{"models", store->models},
                         {"damaged", store->damaged},
                         {"unreadable", store->unreadable},
                         {"foreign", store->foreign},
                         {"bytes", store->bytes},
                         {"reclaimable", store->reclaimable}});
}

Json disk_read_document(const std::optional<ReadSpeed>& read) {
    if (!read) return {};
    return Json::object({{"bytes_per_second", read->bytes_per_second},
                         {"bytes", read->bytes},
                         {"cached", read->cached}});
}

Json sensors_document(const Machine& machine) {
    Json temperatures = Json::array(), batteries = Json::array(), energy = Json::array();
    for (const Temperature& each : machine.temperatures)
        temperatures.push(Json::object({{"name", each.name}, {"celsius", each.celsius}}));
    for (const Battery& each : machine.batteries)
        batteries.push(Json::object({{"name", each.name},
                                     {"status", each.status},
                                     {"percent", or_null(each.percent)},
                                     {"watts", or_null(each.watts)}}));
    for (const EnergySource& each : machine.energy)
        energy.push(Json::object({{"name", each.name},
                                  {"covers", covers_name(each.covers)},
                                  {"access", access_name(each.access)}}));
    return Json::object({{"temperatures", std::move(temperatures)},
                         {"batteries", std::move(batteries)},
                         {"energy", std::move(energy)}});
}

}  // namespace

Json diagnosis_document(const Diagnosis& diagnosis) {
    const Machine& machine = diagnosis.machine;
    Json findings = Json::array();
    for (const Finding& finding : diagnosis.findings)
        findings.push(Json::object({{"health", health_name(finding.health)},
                                    {"area", finding.area},
                                    {"what", finding.what},
                                    {"fix", finding.fix}}));
    return Json::object({{"verdict", health_name(worst(diagnosis.findings))},
                         {"findings", std::move(findings)},
                         {"processor", processor_document(machine.processor)},
                         {"kernels", kernels_document(diagnosis.kernels)},
                         {"threads", Json::object({{"online", machine.budget.online},
                                                   {"allowed", machine.budget.allowed},
                                                   {"quota", or_null(machine.budget.quota)},
                                                   {"used", machine.budget.threads}})},
                         {"memory", Json::object({{"total", machine.memory.total},
                                                  {"available", machine.memory.available},
                                                  {"limit", or_null(machine.memory.limit)},
                                                  {"usable", machine.memory.usable()}})},
                         {"disk_free", or_null(diagnosis.disk_free)},
                         {"disk_read", disk_read_document(diagnosis.disk_read)},
                         {"store", store_document(diagnosis.store)},
                         {"bandwidth", bandwidth_document(diagnosis.bandwidth)},
                         {"sensors", sensors_document(machine)}});
}

}  // namespace linnet
