//! Land classes of the 三调工作分类 (the scheme of DLTB; GB/T 21010-2017 and 用地用海分类 reuse its digits with
//! other meanings).

const CLASSES: &[(&str, &str)] = &[
    ("0101", "水田"),
    ("0102", "水浇地"),
    ("0103", "旱地"),
    ("0201", "果园"),
    ("0202", "茶园"),
    ("0203", "橡胶园"),
    ("0204", "其他园地"),
    ("0301", "乔木林地"),
    ("0302", "竹林地"),
    ("0303", "红树林地"),
    ("0304", "森林沼泽"),
    ("0305", "灌木林地"),
    ("0306", "灌丛沼泽"),
    ("0307", "其他林地"),
    ("0401", "天然牧草地"),
    ("0402", "沼泽草地"),
    ("0403", "人工牧草地"),
    ("0404", "其他草地"),
    ("05H1", "商业服务业设施用地"),
    ("0508", "物流仓储用地"),
    ("0601", "工业用地"),
    ("0602", "采矿用地"),
    ("0603", "盐田"),
    ("0701", "城镇住宅用地"),
    ("0702", "农村宅基地"),
    ("08H1", "机关团体新闻出版用地"),
    ("08H2", "科教文卫用地"),
    ("0809", "公用设施用地"),
    ("0810", "公园与绿地"),
    ("09", "特殊用地"),
    ("1001", "铁路用地"),
    ("1002", "轨道交通用地"),
    ("1003", "公路用地"),
    ("1004", "城镇村道路用地"),
    ("1005", "交通服务场站用地"),
    ("1006", "农村道路"),
    ("1007", "机场用地"),
    ("1008", "港口码头用地"),
    ("1009", "管道运输用地"),
    ("1101", "河流水面"),
    ("1102", "湖泊水面"),
    ("1103", "水库水面"),
    ("1104", "坑塘水面"),
    ("1105", "沿海滩涂"),
    ("1106", "内陆滩涂"),
    ("1107", "沟渠"),
    ("1108", "沼泽地"),
    ("1109", "水工建筑用地"),
    ("1110", "冰川及永久积雪"),
    ("1201", "空闲地"),
    ("1202", "设施农用地"),
    ("1203", "田坎"),
    ("1204", "盐碱地"),
    ("1205", "沙地"),
    ("1206", "裸土地"),
    ("1207", "裸岩石砾地"),
];

const CROPS: &[(&str, &str)] = &[
    ("LS", "种植粮食作物"),
    ("FLS", "种植非粮食作物"),
    ("LYFL", "粮与非粮轮作"),
    ("XG", "休耕"),
    ("LLJZ", "林粮间作"),
    ("WG", "未耕种"),
    ("JKHF", "即可恢复"),
    ("GCHF", "工程恢复"),
];

/// The Chinese name of a class; a suffix (K 可调整, A) is read as the class it belongs to.
pub fn name(class: &str) -> Option<&'static str> {
    let find = |code: &str| CLASSES.iter().find(|(c, _)| *c == code).map(|(_, name)| *name);
    find(class).or_else(|| find(class.strip_suffix(['K', 'A'])?))
}

/// Whether a class is farmland (耕地), the only land that bears a parcel code.
pub fn is_farmland(class: &str) -> bool {
    class.starts_with("01")
}

/// The Chinese name of a 种植属性 (ZZSXDM).
pub fn crop_name(code: &str) -> Option<&'static str> {
    CROPS.iter().find(|(c, _)| *c == code).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_belong_to_their_class() {
        assert_eq!(name("0102"), Some("水浇地"));
        assert_eq!(name("0201K"), Some("果园"));
        assert_eq!(name("1104A"), Some("坑塘水面"));
        assert_eq!(name("0199"), None);
        assert!(is_farmland("0103") && !is_farmland("1001"));
    }
}
